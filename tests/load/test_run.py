"""What a run says of its parts, and when it refuses to say anything."""

from __future__ import annotations

import asyncio
import math
import time

import pytest

from metricrig import UsageError, load
from metricrig.load.generator_pulse import GeneratorPulse
from metricrig.load.recorder import CallRecorder
from metricrig.load.run import Run
from metricrig.load.run_data import RunData


def run_of(*calls: tuple[float, float], failed: tuple[int, ...] = (), late: float = 0.0, **known: object) -> Run:
    """A run of ten seconds with calls that were due and ended then."""
    recorder, pulse = CallRecorder(), GeneratorPulse()
    for number, (due, ended) in enumerate(calls):
        outcome = recorder.kinds.number("refused") if number in failed else 0
        recorder.calls.add(due, due + late, ended, outcome)
    data = RunData("call at 10/s", recorder, pulse, users=8, lag_allowed=None, began=100.0, ended=110.0)
    for name, value in known.items():
        setattr(data, name, value)
    return Run(data)


def test_a_fault_divides_a_run_in_three() -> None:
    """Each call is in exactly one of them: what was under way when it began or ended has felt it."""
    run = run_of((101, 102), (102, 103.5), (103, 104), (104.5, 106), (105, 106), (107, 108), failed=(1, 3))
    before, during, after = run.before(103), run.between(103, 105), run.after(105)
    assert [each.calls for each in (before, during, after)] == [1, 3, 2]
    assert [each.failed for each in (before, during, after)] == [0, 2, 0]
    assert during.errors == {"refused": 2}
    assert during.seconds == 2
    assert during.throughput == pytest.approx(0.5)
    assert after.max == 1
    assert before.seconds == 3


def test_a_part_of_a_part_is_not_more_than_it() -> None:
    run = run_of((101, 102), (103, 104))
    assert run.between(0, 1000).seconds == 10


def test_a_part_without_a_call_is_no_success() -> None:
    run = run_of((101, 102))
    with pytest.raises(load.InvalidRun, match="no calls"):
        _ = run.between(103, 104).failed == 0
    assert run.between(103, 104).measured.calls == 0


@pytest.mark.parametrize("times", [(None, 3), (3, None), (5, 3), (3, 3), (math.nan, 3)])
def test_what_is_no_time_is_refused(times: tuple[float | None, float | None]) -> None:
    with pytest.raises(UsageError, match=r"run\.between"):
        run_of((101, 102)).between(*times)


@pytest.mark.parametrize(
    "relied_on",
    ["p50", "p90", "p99", "p999", "max", "mean", "failed", "errors", "calls", "throughput", "latencies"],
)
def test_each_figure_of_an_invalid_run_raises(relied_on: str) -> None:
    run = run_of((101, 102), late=0.9)
    with pytest.raises(load.InvalidRun, match="late by 900 ms") as caught:
        getattr(run, relied_on)
    assert caught.value.reasons == run.reasons
    assert getattr(run.measured, relied_on) is not None
    assert "INVALID" in repr(run)
    with pytest.raises(load.InvalidRun):
        run.series()


def test_a_generator_that_was_late_in_another_part_spoils_only_that() -> None:
    run = run_of((101, 102), (105, 106))
    run.data.pulse.at.extend([101.5] * 100)
    run.data.pulse.late.extend([3.0] * 100)
    assert not run.valid
    assert run.after(104).valid
    assert not run.before(103).valid


def test_what_ended_early_spoils_what_came_after() -> None:
    run = run_of((101, 102), (105, 106), ended_early="shop died")
    assert not run.valid
    assert run.before(103).valid
    assert not run.after(103).valid


def test_the_time_series_has_every_step() -> None:
    run = run_of((100.1, 100.2), (100.7, 101.7), (102.5, 102.6), failed=(1,))
    series = run.series(every="1s")
    assert [each.calls for each in series] == [2, 0, 1] + [0] * 7
    assert [each.failed for each in series][:3] == [1, 0, 0]
    assert series[0].max == pytest.approx(1.0)
    assert math.isnan(series[1].p99)
    assert len(run.series("250ms")) == 40
    assert run.series("500ms")[1].rate == 2


def test_merged_runs_are_one() -> None:
    first = run_of((101, 102), failed=(0,))
    second = run_of((121, 123), began=120.0, ended=125.0)
    second.data.recorder.kinds.number("another kind, with the same number")
    both = load.merge(first, second)
    assert both.calls == 2
    assert both.seconds == 15
    assert both.errors == {"refused": 1}
    assert both.max == 2
    assert load.merge(first, first).seconds == 10, "side by side"


def test_a_merged_run_is_as_valid_as_the_worst() -> None:
    good, bad = run_of((101, 102)), run_of((101, 102), ended_early="shop died")
    assert load.merge(good, good).valid
    assert not load.merge(good, bad).valid
    with pytest.raises(UsageError):
        load.merge()


def test_the_worst_of_all_workers_is_judged() -> None:
    """One of a hundred that was late is hidden in what all of them did, and not in what it did itself."""
    calls = [(101 + number / 100, 101.001 + number / 100) for number in range(100)]
    run = run_of(*calls, workers=100)
    run.data.pulse.parts = [pulse_of(late=0.0) for _ in range(99)]
    assert run.valid
    run.data.pulse.parts.append(pulse_of(late=0.5, cpu=9.8))
    judged = run_of(*calls, workers=100, pulse=run.data.pulse)
    assert "late by 0.5 s" in judged.reasons[0] or "late by 500 ms" in judged.reasons[0]
    assert "took 98% of a processor" in judged.reasons[0]
    assert not load.merge(judged, judged).valid


def pulse_of(late: float, cpu: float = 0.0) -> GeneratorPulse:
    pulse = GeneratorPulse()
    pulse.at.extend(100 + number / 10 for number in range(100))
    pulse.late.extend([late] * 100)
    pulse.cpu = cpu
    return pulse


def test_a_stall_is_seen_by_an_open_loop_and_hidden_by_a_closed_one() -> None:
    """The same server, which says nothing for a second: all who wanted something then have waited."""

    class Server:
        """It knows itself when it has answered; calls begin in the order in which they are due."""

        def __init__(self) -> None:
            self.answered: dict[int, float] = {}
            self.stall: tuple[float, float] | None = None

        async def __call__(self) -> None:
            number, now = len(self.answered), time.monotonic()
            self.answered[number] = 0.0
            self.stall = self.stall or (now + 1, now + 2)
            if self.stall[0] <= now < self.stall[1]:
                await asyncio.sleep(self.stall[1] - now)
            self.answered[number] = time.monotonic()

    server = Server()
    stalled = load.open_loop(server.__call__, rate=100, for_="4s")
    waits = sorted(at - stalled.began - number / 100 for number, at in server.answered.items())
    # The histogram's precision; and what the machine does between the server's clock and ours.
    assert stalled.measured.p99 == pytest.approx(waits[-5], rel=0.001, abs=0.05)
    assert stalled.measured.max == pytest.approx(waits[-1], rel=0.001, abs=0.05)
    assert stalled.measured.p99 > 0.9
    hidden = load.closed_loop(Server().__call__, users=1, think="10ms", for_="4s").measured
    assert hidden.max > 0.9
    assert hidden.p90 < 0.1 < stalled.measured.p90, (
        "one call of hundreds has met it; and a quarter of those that were due"
    )
