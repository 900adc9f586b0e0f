"""What is the same for all faults: begun once, proven, told, healed, and nothing left of one that did not take hold."""

from __future__ import annotations

from typing import Any

import pytest

from metricrig import Rig, Unavailable, UsageError
from metricrig.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.events import FaultBegan, FaultHealed, Stream
from metricrig.faults.fault import Fault
from metricrig.lifecycle.active_faults import ActiveFaults


class Dark(Fault):
    """Turns off a lamp."""

    kind = "dark"
    colour = "#000000"
    sentence = "its light is off"

    def __init__(self, active: ActiveFaults, lamp: dict[str, bool], *, works: bool = True, mends: bool = True) -> None:
        super().__init__("lamp", active)
        self.lamp, self.works, self.mends = lamp, works, mends
        self.mended = 0

    def _inflict(self) -> None:
        self.lamp["on"] = not self.works

    def _proof(self) -> str:
        if self.lamp["on"]:
            raise FaultWithoutEffect(self.name, expected="no light", seen="light")
        return "no light"

    def _mend(self) -> None:
        self.mended += 1
        self.lamp["on"] = self.mends or self.lamp["on"]

    def _proof_of_health(self) -> str:
        if not self.lamp["on"]:
            raise FaultNotHealed(self.name, expected="light", seen="no light")
        return "light"


@pytest.fixture
def told() -> list[Any]:
    return []


@pytest.fixture
def active(told: list[Any]) -> ActiveFaults:
    stream = Stream()
    stream.subscribe(told.append)
    return ActiveFaults("house", stream)


def test_a_fault_is_in_force_within_its_block_and_told_with_its_evidence(active: ActiveFaults, told: list[Any]) -> None:
    lamp = {"on": True}
    with Dark(active, lamp) as dark:
        assert not lamp["on"]
        assert dark.in_force
        assert list(active) == [dark]
        assert repr(dark) == "<Dark lamp: dark, in force>"
    assert lamp["on"]
    assert list(active) == []
    assert dark.began is not None
    assert dark.ended is not None
    assert dark.began < dark.ended
    began, healed = told
    assert isinstance(began, FaultBegan)
    assert isinstance(healed, FaultHealed)
    assert (began.rig, began.victim, began.kind, began.evidence) == ("house", "lamp", "dark", "no light")
    assert (healed.victim, healed.kind, healed.evidence) == ("lamp", "dark", "light")


def test_healing_twice_is_fine_and_starting_twice_is_not(active: ActiveFaults) -> None:
    dark = Dark(active, {"on": True}).start()
    with pytest.raises(UsageError, match="lamp: dark is in force already"):
        dark.start()
    dark.heal()
    dark.heal()
    assert dark.mended == 1
    with dark:  # it can be started again
        assert dark.in_force


def test_a_fault_without_effect_is_an_error_and_nothing_is_left_of_it(active: ActiveFaults, told: list[Any]) -> None:
    dark = Dark(active, {"on": True}, works=False)
    with pytest.raises(FaultWithoutEffect, match="expected: no light\n  seen: light"):
        dark.start()
    assert (dark.mended, dark.in_force, list(active), told) == (1, False, [], [])


def test_what_this_machine_cannot_do_is_said_before_anything_is_done(active: ActiveFaults, told: list[Any]) -> None:
    class Impossible(Dark):
        """Needs what is not there."""

        def require(self) -> None:
            raise Unavailable("darkness", reason="it is noon", remedy="wait for the night")

    lamp = {"on": True}
    with pytest.raises(Unavailable, match="it is noon"):
        Impossible(active, lamp).start()
    assert (lamp, list(active), told) == ({"on": True}, [], [])


def test_a_fault_that_does_not_heal_is_an_error_until_it_does(active: ActiveFaults, told: list[Any]) -> None:
    dark = Dark(active, {"on": True}, mends=False).start()
    with pytest.raises(FaultNotHealed, match="expected: light\n  seen: no light"):
        dark.heal()
    assert dark.in_force
    assert len(told) == 1
    dark.mends = True
    dark.heal()
    assert not dark.in_force


def test_the_last_one_is_healed_first_and_all_are_tried(active: ActiveFaults) -> None:
    stuck = Dark(active, {"on": True}, mends=False)
    others = [Dark(active, {"on": True}), stuck, Dark(active, {"on": True})]
    for each in others:
        each.start()
    with pytest.raises(FaultNotHealed):
        active.heal_all()
    assert list(active) == [stuck]


def test_a_rig_heals_what_is_in_force_when_it_is_closed() -> None:
    lamp = {"on": True}
    with Rig("house") as rig:
        Dark(rig._faults, lamp).start()
        assert not lamp["on"]
    assert lamp["on"]
