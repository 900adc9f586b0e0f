"""Carries out a storm's plan: its faults begin one after another, in the order of the plan, and heal each by itself.

The pauses between two begins, and the time for which each is in force, are never shorter than was planned; on a slow
machine they are longer. A fault heals on a thread of its own, because the proof may have to wait for another one to
heal: a shop that was paused is ready again when its database is. The next fault of the same victim waits for the proof.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from metricrig.faults.storms.storm_story import Happened, StormStory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metricrig.faults.fault import Fault
    from metricrig.faults.storms.storm_plan import PlannedFault, StormPlan

_PLACE_LOOK_SECONDS = 0.005
"""Between two looks whether the victim of the next fault is well."""


class FaultSequence:
    """The faults of one plan, made by ``choices`` when their time comes; ``over`` ends it early."""

    def __init__(
        self,
        plan: StormPlan,
        choices: Mapping[str, Callable[[], Fault]],
        over: threading.Event,
        one_more: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._choices = choices
        self._over = over
        self._one_more = one_more
        """Called when one more is in force."""
        self._begun: list[tuple[PlannedFault, Fault]] = []
        self._healing: list[tuple[str, threading.Thread]] = []
        """Whose faults are in force, or not yet proven to have healed."""
        self._error: Exception | None = None
        self.began = time.monotonic()

    @property
    def faults(self) -> list[Fault]:
        """Those that were begun, in this order."""
        return [fault for _, fault in self._begun]

    def carry_out(self) -> None:
        """All of it, unless it is over before; what was begun is healed when this returns."""
        try:
            self._begin_all()
        finally:
            for _, thread in self._healing:
                thread.join()
        if self._error is not None:
            raise self._error

    def _begin_all(self) -> None:
        last, moment = 0.0, self.began
        for each in self._plan.planned:
            if self._over.wait(moment + each.at - last - time.monotonic()) or not self._has_place(each):
                return
            last, moment = each.at, time.monotonic()
            self._begin(each)
        self._over.wait(moment + self._plan.seconds - last - time.monotonic())

    def _has_place(self, planned: PlannedFault) -> bool:
        """Wait until it may begin; False if the storm is over before."""
        while True:
            self._healing = [each for each in self._healing if each[1].is_alive()]
            busy = [victim for victim, _ in self._healing]
            if planned.victim not in busy and len(busy) < self._plan.at_most:
                return not self._over.is_set()
            if self._over.wait(_PLACE_LOOK_SECONDS):
                return False

    def _begin(self, planned: PlannedFault) -> None:
        fault = self._choices[planned.fault]()
        self._begun.append((planned, fault))
        fault.start()
        self._one_more()
        thread = threading.Thread(target=self._heal, args=[fault, planned.lasting], name="metricrig-heals", daemon=True)
        self._healing.append((planned.victim, thread))
        thread.start()

    def _heal(self, fault: Fault, lasting: float) -> None:
        """On a thread of its own: when its time has come, or the storm is over."""
        self._over.wait(lasting)
        try:
            fault.heal()
        except Exception as error:  # noqa: BLE001 - raised where the plan is carried out
            self._error = self._error or error
            self._over.set()

    def heal_rest(self) -> list[Exception]:
        """Try once more to heal what could not be healed, whatever becomes of the others; says why not."""
        errors = []
        for each in reversed(self.faults):
            try:
                each.heal()
            except Exception as error:  # noqa: BLE001 - told when all have been tried
                errors.append(error)
        return errors

    def story(self) -> StormStory:
        """What there is to tell at this moment."""
        happened = [
            Happened(planned.fault, fault.began - self.began, self._until(fault))
            for planned, fault in list(self._begun)
            if fault.began is not None
        ]
        return StormStory(self._plan, max(time.monotonic() - self.began, 0.0), tuple(happened))

    def _until(self, fault: Fault) -> float | None:
        return None if fault.ended is None else fault.ended - self.began
