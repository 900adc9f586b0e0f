"""A storm: carries out its plan, judges all the while, heals whatever happens, and says when all is well again."""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from support.exporter import Exporter
from support.lamps import Dark, Lamp
from support.waiting import HAPPENS_WITHIN, eventually

from metricrig import MetricrigError, Rig, Service, ServiceDied, Unavailable, UsageError, metric, ready
from metricrig.errors import FaultNotHealed, FaultWithoutEffect, SteadyStateUnknown, SteadyStateViolated
from metricrig.events import StormBegan, StormEnded
from metricrig.faults.storms.storm_plan import PlannedFault, StormPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig import Instance
    from metricrig.faults.storms.storm import Storm

QUICK = StormPlan((PlannedFault("a: dark", 0.01, 0.02), PlannedFault("b: dark", 0.02, 0.03)), 0.06, 2)
ENDLESS = StormPlan((PlannedFault("a: dark", 0.01, 3000),), 3600, 1)


class House:
    """A rig with lamps."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.log: list[str] = []
        self.a, self.b = (Lamp(name, rig._faults, self.log) for name in "ab")

    def storm(self, plan: StormPlan | None = None, **chances: Any) -> Storm:
        return self.rig.storm(plan, faults=[self.a.dark, self.a.red, self.b.dark], **chances)

    @property
    def all_shine(self) -> bool:
        return self.a.on and self.b.on and not list(self.rig._faults)


@pytest.fixture
def house() -> Iterator[House]:
    with Rig("house") as rig:
        yield House(rig)


def test_it_carries_out_its_plan_in_order_and_heals(house: House) -> None:
    told: list[Any] = []
    house.rig.events.subscribe(told.append)
    storm = house.storm(QUICK).run()
    assert [each for each in house.log if each.endswith("began")] == ["a: dark began", "b: dark began"]
    assert {each for each in house.log if each.endswith("healed")} == {"a: dark healed", "b: dark healed"}
    assert house.all_shine
    assert storm.recovery is not None
    assert [each.name for each in storm.faults] == ["a: dark", "b: dark"]
    assert [type(each) for each in (told[0], told[-1])] == [StormBegan, StormEnded]
    assert sorted(type(each).__name__ for each in told[1:-1]) == ["FaultBegan"] * 2 + ["FaultHealed"] * 2
    assert told[0].plan == str(QUICK)
    assert (told[-1].faults, told[-1].trouble, told[-1].recovery) == (2, None, storm.recovery)
    assert repr(storm) == "<Storm storm, over, 2 of 2 faults begun>"


def test_each_is_in_force_for_as_long_as_was_planned_at_least(house: House) -> None:
    """However long it takes to inflict the others."""
    storm = house.storm(QUICK).run()
    for planned, fault in zip(QUICK.planned, storm.faults, strict=True):
        assert fault.began is not None
        assert fault.ended is not None
        assert fault.ended - fault.began >= planned.lasting


def test_the_same_seed_is_the_same_storm(house: House) -> None:
    plans = [house.storm(seed=7, for_="20s").plan for _ in range(2)]
    assert plans[0] == plans[1] != house.storm(seed=8, for_="20s").plan
    assert plans[0].seed == 7
    assert set(plans[0].faults) <= {"a: dark", "a: red", "b: dark"}


def test_without_a_seed_each_storm_is_another_and_says_which(house: House) -> None:
    one, other = house.storm(), house.storm()
    assert one.plan.seed != other.plan.seed
    assert house.storm(seed=one.plan.seed).plan == one.plan


def test_it_ends_with_its_block(house: House) -> None:
    with house.storm(ENDLESS) as storm:
        assert house.a.darkened.wait(HAPPENS_WITHIN)
        assert storm.faults[0].in_force
    assert house.all_shine


def test_it_can_be_waited_for_in_its_block(house: House) -> None:
    with house.storm(QUICK) as storm:
        storm.wait()
        assert len(storm.faults) == 2


def test_an_error_in_its_block_is_that_error_and_all_is_healed(house: House) -> None:
    with pytest.raises(ZeroDivisionError), house.storm(ENDLESS):  # noqa: PT012 - the error of a block
        assert house.a.darkened.wait(HAPPENS_WITHIN)
        raise ZeroDivisionError
    assert house.all_shine


def test_ctrl_c_ends_it_and_all_is_healed(house: House) -> None:
    storm = house.storm(ENDLESS)
    with pytest.raises(KeyboardInterrupt), storm:  # noqa: PT012 - the error of a block
        assert house.a.darkened.wait(HAPPENS_WITHIN)
        raise KeyboardInterrupt
    assert house.all_shine
    assert storm.recovery is None  # nobody waits for it then


def test_a_real_ctrl_c_ends_one_that_is_waited_for(house: House) -> None:
    def press() -> None:
        assert house.a.darkened.wait(HAPPENS_WITHIN)
        os.kill(os.getpid(), signal.SIGINT)

    finger = threading.Thread(target=press)
    finger.start()
    with pytest.raises(KeyboardInterrupt):
        house.storm(ENDLESS).run()
    finger.join()
    assert house.all_shine


def test_a_rig_that_is_closed_ends_it() -> None:
    with Rig("house") as rig:
        house = House(rig)
        house.storm(ENDLESS).__enter__()
        assert house.a.darkened.wait(HAPPENS_WITHIN)
    assert house.all_shine
    assert house.log == ["a: dark began", "a: dark healed"]


def test_a_fault_without_effect_ends_it_with_its_story(house: House) -> None:
    house.b.stuck = True
    with pytest.raises(FaultWithoutEffect) as caught:
        house.storm(QUICK).run()
    (note,) = caught.value.__notes__
    assert "s into the storm" in note
    assert "a: dark" in note
    assert house.all_shine


def test_a_fault_that_does_not_heal_is_told_and_the_others_are_healed(house: House) -> None:
    house.a.ruined = True
    with pytest.raises(FaultNotHealed):
        house.storm(QUICK).run()
    assert [each.name for each in house.rig._faults] == ["a: dark"]
    assert house.b.on
    house.a.ruined = False
    house.rig._faults.heal_all()


def test_what_this_machine_cannot_do_is_told_before_anything_begins(house: House) -> None:
    house.b.missing = "it is noon"
    with pytest.raises(Unavailable, match="b: dark: it is noon"):
        house.storm(QUICK).run()
    assert house.log == []


@pytest.fixture
def page() -> Iterator[Exporter]:
    with Exporter("queue_depth 3\n") as page:
        yield page


def test_a_proof_of_health_that_waits_for_another_fault_to_heal_holds_up_nobody(house: House) -> None:
    """A shop that was paused is ready again when its database is."""

    class NeedsB(Dark):
        def _proof_of_health(self) -> str:
            eventually(lambda: house.b.on)
            return super()._proof_of_health()

    plan = StormPlan((PlannedFault("a: dark", 0.01, 0.01), PlannedFault("b: dark", 0.015, 0.1)), 0.2, 2)
    house.rig.storm(plan, faults=[lambda: NeedsB(house.a), house.b.dark]).run()
    assert house.log == ["a: dark began", "b: dark began", "b: dark healed", "a: dark healed"]


def test_the_next_fault_of_a_victim_waits_until_it_is_proven_to_be_well(house: House) -> None:
    class Slow(Dark):
        def _proof_of_health(self) -> str:
            time.sleep(0.1)
            return super()._proof_of_health()

    plan = StormPlan((PlannedFault("a: dark", 0, 0.01), PlannedFault("a: red", 0.01, 0.01)), 0.02, 1)
    house.rig.storm(plan, faults=[lambda: Slow(house.a), house.a.red]).run()
    assert house.log == ["a: dark began", "a: dark healed", "a: red began", "a: red healed"]


# --- what has to hold


def test_a_violation_ends_it_and_tells_what_was_in_force(house: House) -> None:
    with pytest.raises(SteadyStateViolated) as caught:
        house.storm(ENDLESS).while_(lambda: house.a.on).run()
    error = caught.value
    assert error.in_force == ("a: dark",)
    assert error.plan == ENDLESS
    assert error.after > 0
    assert error.seen == "it returned False"
    assert "in force then:\n" in str(error)
    assert "over by then" not in str(error)
    assert house.all_shine


def test_a_violation_before_the_first_fault_is_one(house: House) -> None:
    with pytest.raises(SteadyStateViolated) as caught:
        house.storm(QUICK).while_(lambda: False).run()
    assert caught.value.in_force == ()
    assert house.log == []


def test_what_a_function_raises_is_the_cause(house: House) -> None:
    def steady() -> None:
        assert house.a.on, "it is dark in here"

    with pytest.raises(SteadyStateViolated, match="it is dark in here") as caught:
        house.storm(ENDLESS).while_(steady).run()
    assert isinstance(caught.value.__cause__, AssertionError)
    assert "steady()" in caught.value.condition


def test_what_holds_is_judged_all_the_while(house: House) -> None:
    looks: list[bool] = []

    def steady() -> None:
        looks.append(house.a.on)

    house.storm(QUICK).while_(steady).run()
    assert looks[0]  # before the first fault
    assert len(looks) > 1


def test_a_look_that_never_returns_is_a_violation(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metricrig.faults.storms.storm_watch._LAST_LOOK_SECONDS", 0.1)
    first, never = iter([True]), threading.Event()
    with pytest.raises(SteadyStateViolated, match="its last look has not returned"):
        house.storm(QUICK).while_(lambda: next(first, False) or never.wait(HAPPENS_WITHIN)).run()
    never.set()


def test_a_violation_is_raised_where_the_block_waits_and_once(house: House) -> None:
    storm = house.storm(ENDLESS).while_(lambda: house.a.on)
    with pytest.raises(SteadyStateViolated) as caught, storm:
        storm.wait()
    assert not hasattr(caught.value, "__notes__")


def test_a_violation_is_told_besides_what_the_block_has_raised(house: House) -> None:
    storm = house.storm(ENDLESS).while_(lambda: house.a.on)
    with pytest.raises(ZeroDivisionError) as caught, storm:  # noqa: PT012 - the error of a block
        eventually(lambda: storm._trouble)
        raise ZeroDivisionError
    (note,) = caught.value.__notes__
    assert note.startswith("besides, the storm ended with: a steady state was violated")


@pytest.mark.parametrize("given", [3, "queue_depth < 3", None])
def test_what_cannot_hold_is_refused(house: House, given: object) -> None:
    with pytest.raises(UsageError, match="what works: a condition on a server's metrics"):
        house.storm(QUICK).while_(given)


# --- how it is asked for


def test_it_runs_once(house: House) -> None:
    storm = house.storm(QUICK).run()
    with pytest.raises(UsageError, match="runs once"):
        storm.run()
    with pytest.raises(UsageError, match="say what has to hold before it begins"):
        storm.while_(lambda: True)


@pytest.mark.parametrize(
    ("chances", "why"),
    [
        ({"every": "3s…1s"}, "what works: a range of durations"),
        ({"lasting": "soon"}, "what works: a range of durations"),
        ({"at_most": 0}, "at_most=2"),
        ({"seed": "seven"}, "a whole number"),
        ({"for_": "1s"}, "longer than the pause before the first fault"),
        ({"for_": "0s"}, "a duration above 0"),
    ],
)
def test_what_cannot_be_is_refused_with_what_works(house: House, chances: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        house.storm(**chances)


def test_a_plan_leaves_nothing_to_chance(house: House) -> None:
    with pytest.raises(UsageError, match="leave out seed, or the plan"):
        house.storm(QUICK, seed=3)
    with pytest.raises(UsageError, match=r"StormPlan\.load"):
        house.rig.storm("plan.json", faults=[house.a.dark])  # type: ignore[arg-type]


def test_a_plan_needs_its_faults(house: House) -> None:
    with pytest.raises(UsageError, match=r"has 'b: dark', which none of faults=.* makes; did you mean 'a: dark'"):
        house.rig.storm(QUICK, faults=[house.a.dark])


@pytest.mark.parametrize("wrong", [[], None, ["redis: paused"], [lambda: 3]])
def test_faults_are_functions_that_make_them(house: House, wrong: Any) -> None:
    with pytest.raises(UsageError, match="what works: functions that make a fault"):
        house.rig.storm(faults=wrong)


def test_a_fault_that_was_made_already_is_refused(house: House) -> None:
    with pytest.raises(UsageError, match="without the parentheses"):
        house.rig.storm(faults=[house.a.dark()])  # type: ignore[list-item]


def test_a_fault_that_needs_settings_is_refused_with_how_to_give_them(house: House) -> None:
    def limit(*, bytes: int) -> Dark:  # noqa: A002 - as a link's is called
        raise AssertionError(bytes)

    with pytest.raises(UsageError, match=r"missing 1 required keyword-only argument: 'bytes'.*partial\(link\.limit"):
        house.rig.storm(faults=[limit])  # type: ignore[list-item]


def test_partials_of_one_fault_have_names_that_differ(house: House) -> None:
    storm = house.rig.storm(faults=[partial(house.a.dark), partial(house.a.dark)], seed=1, for_="60s")
    assert set(storm.plan.faults) == {"a: dark", "a: dark (2)"}


def test_a_closed_rig_has_no_storm(house: House) -> None:
    house.rig.close()
    with pytest.raises(UsageError, match="is closed"):
        house.storm(QUICK)


# --- services of the rig

PORT = "import http.server as h; h.HTTPServer(('{host}', {port[http]}), h.SimpleHTTPRequestHandler).serve_forever()"


@pytest.fixture
def server(house: House) -> Instance:
    server = house.rig.add(
        Service(name="server", command=["python3", "-c", PORT], ports={"http": 0}, ready=ready.http("/"))
    )
    house.rig.start()
    return server


def test_it_returns_when_all_services_are_ready_again(house: House, server: Instance) -> None:
    with house.storm(QUICK) as storm:
        server.pause()
        resumed = threading.Timer(0.3, server.resume)
        resumed.start()
    resumed.join()
    assert storm.recovery is not None
    assert server.state == "ready"


def test_a_service_that_dies_in_it_is_told_with_what_was_in_force(house: House, server: Instance) -> None:
    storm = house.storm(ENDLESS)
    with pytest.raises(ServiceDied, match="SIGKILL in the storm") as caught, storm:  # noqa: PT012 - the error of a block
        assert house.a.darkened.wait(HAPPENS_WITHIN)
        server._state.require_running("a kill").signal(9)  # as if it were by itself
        storm.wait()
    assert any("a: dark" in note for note in caught.value.__notes__)


def test_one_that_the_test_has_stopped_is_not_waited_for(house: House, server: Instance) -> None:
    with house.storm(QUICK):
        server.stop()


def test_a_condition_on_metrics_is_judged(house: House, page: Exporter) -> None:
    queue = page.metrics("queue_depth").max() <= 3
    storm = house.storm(ENDLESS).while_(queue)
    with pytest.raises(SteadyStateViolated) as caught, storm:  # noqa: PT012 - the error of a block
        assert house.a.darkened.wait(HAPPENS_WITHIN)
        page.text = "queue_depth 4\n"
        eventually(lambda: house.a.on)  # healed at once: the violation ended it
    assert caught.value.in_force == ("a: dark",)
    assert "= 4" in caught.value.seen


def test_a_page_that_cannot_be_read_is_no_violation_but_never_judged_is_an_error(house: House, page: Exporter) -> None:
    with pytest.raises(SteadyStateUnknown, match="never judged, so nothing is known of it"):
        house.storm(QUICK).while_(page.metrics("no_such_series").max() <= 3).run()
    page.status = 503
    with pytest.raises(SteadyStateUnknown, match="503"):
        house.storm(QUICK).while_(page.metrics("queue_depth").max() <= 3).run()


def test_a_metric_that_says_of_no_server_is_refused(house: House) -> None:
    with pytest.raises(MetricrigError, match="bind each metric to a server"):
        house.storm(QUICK).while_(metric("queue_depth").max() <= 3)
