"""A storm: faults at random moments, by a plan that a seed reproduces, while what has to hold is judged."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Self

from metricrig._core.errors import MetricrigError, UsageError
from metricrig._core.events import StormBegan, StormEnded
from metricrig.faults.errors import SteadyStateViolated
from metricrig.faults.storms import recovery
from metricrig.faults.storms.fault_sequence import FaultSequence
from metricrig.faults.storms.storm_watch import StormWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from metricrig.faults.fault import Fault
    from metricrig.faults.storms.recovery import Resident
    from metricrig.faults.storms.storm_plan import StormPlan
    from metricrig.lifecycle.active_faults import ActiveFaults

_INTERRUPTIONS = (KeyboardInterrupt, SystemExit)
"""Whoever wants to get out does not want to wait until all is well."""
_CTRL_C_SECONDS = 0.1
"""Python may notice a Ctrl-C that comes just before it waits for a lock only when that wait ends: no wait is longer."""
PLANNED, RUNNING, OVER = "planned", "running", "over"


class Storm:
    """``run()`` it, or have it go on behind a block: ``with rig.storm(...) as storm:``. It runs once.

    When it ends, all that was broken is healed, and all services are ready again. The block may end before the plan
    does: the storm ends with it; ``storm.wait()`` in the block waits for the plan's end.
    """

    def __init__(
        self,
        plan: StormPlan,
        choices: Mapping[str, Callable[[], Fault]],
        active: ActiveFaults,
        residents: Callable[[], Sequence[Resident]],
    ) -> None:
        self.plan = plan
        self.recovery: float | None = None
        """Seconds from the last healing until all services were ready; None until then."""
        self._choices = choices
        self._active = active
        self._all_residents = residents
        self._residents: Sequence[Resident] = ()
        self._over = threading.Event()
        self._sequence = FaultSequence(plan, choices, self._over, self._stay_last)
        self._watch = StormWatch(self._sequence.story, self._fail)
        self._breaking = threading.Thread(target=self._break, name="metricrig-storm", daemon=True)
        self._trouble: Exception | None = None
        self._lock = threading.RLock()
        self._state = PLANNED

    @property
    def name(self) -> str:
        """What it is called: "storm of seed 7"."""
        return self.plan.title

    @property
    def faults(self) -> list[Fault]:
        """Those that were begun so far, in this order, each with its times and its evidence."""
        return self._sequence.faults

    def while_(self, condition: Any) -> Self:
        """Have this hold while it runs, before its first fault too, and until all services are ready again.

        A condition on bound metrics, ``shop.metrics("queue_depth").max() <= 3``, or a function that returns False or
        raises when it does not hold. A page that cannot be read says neither; one that never says anything is an error.
        """
        if self._state != PLANNED:
            raise UsageError(f"the {self.name} is {self._state}; say what has to hold before it begins")
        self._watch.add(condition)
        return self

    def run(self) -> Self:
        """All of it; returns when everything is healed and ready again."""
        with self:
            self.wait()
        return self

    def wait(self) -> None:
        """Return at the end of the plan, or raise what has ended it before."""
        while not self._over.wait(_CTRL_C_SECONDS):
            pass
        self._raise_trouble()

    def __enter__(self) -> Self:
        with self._lock:
            if self._state != PLANNED:
                raise UsageError(f"the {self.name} is {self._state}, and runs once; make another one: rig.storm(...)")
            for make in self._choices.values():
                make().require()
            self._residents = recovery.running(self._all_residents())
            try:
                self._begin()
            except BaseException:
                self._end(patient=False)
                raise
            return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        troubles = [each for each in self._end(patient=not isinstance(error, _INTERRUPTIONS)) if each is not error]
        if error is None and troubles:
            error = troubles.pop(0)
            _note(error, troubles)
            raise error
        if error is not None:
            _note(error, troubles)

    def heal(self) -> None:
        """End it, for a rig that is closed while it runs. Ending it twice is fine."""
        if troubles := self._end(patient=False):
            raise troubles[0]

    def _begin(self) -> None:
        self._state = RUNNING
        self._active.add(self)
        self._sequence.began = time.monotonic()
        self._active.stream.emit(StormBegan(rig=self._active.rig, seed=self.plan.seed, plan=str(self.plan)))
        self._watch.look_once()
        self._raise_trouble()
        self._watch.begin(self._residents, f"in the {self.name}")
        self._breaking.start()

    def _stay_last(self) -> None:
        """A rig that is closed heals the last one first: the storm as a whole, before its faults one by one.

        Their proofs of health may wait for each other, and only the storm heals them side by side.
        """
        self._active.discard(self)
        self._active.add(self)

    def _break(self) -> None:
        """On its own thread: carry out the plan."""
        try:
            self._sequence.carry_out()
        except Exception as error:  # noqa: BLE001 - raised where the storm ends
            self._fail(error)
        finally:
            self._over.set()

    def _fail(self, error: Exception) -> None:
        """The first trouble ends the storm; what comes after it is of its making."""
        with self._lock:
            if self._trouble is None:
                if not isinstance(error, SteadyStateViolated):
                    error.add_note(str(self._sequence.story()))
                self._trouble = error
        self._over.set()

    def _raise_trouble(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    def _end(self, *, patient: bool) -> list[Exception]:
        """Heal everything, wait until all is well, and say what went wrong."""
        if self._state != RUNNING:
            return []
        self._state = OVER
        self._over.set()
        if self._breaking.ident is not None:
            self._breaking.join()
        not_healed = self._sequence.heal_rest()
        not_ready = self._recover() if patient and not not_healed else []
        unknown = self._watch.end()
        first = [self._trouble] if self._trouble is not None else []
        troubles = [*first, *not_healed, *not_ready, *([] if first else unknown)]
        self._active.discard(self)
        self._tell(troubles)
        return troubles

    def _recover(self) -> list[Exception]:
        """Wait until all services are ready again; says which is not."""
        try:
            self.recovery = recovery.await_ready(self._residents)
        except MetricrigError as error:
            error.add_note(str(self._sequence.story()))
            return [error]
        return []

    def _tell(self, troubles: Sequence[Exception]) -> None:
        ended = StormEnded(
            rig=self._active.rig,
            seed=self.plan.seed,
            faults=len(self.faults),
            seconds=time.monotonic() - self._sequence.began,
            recovery=self.recovery,
            trouble=str(troubles[0]) if troubles else None,
        )
        self._active.stream.emit(ended)

    def __repr__(self) -> str:
        return f"<Storm {self.name}, {self._state}, {len(self.faults)} of {len(self.plan.planned)} faults begun>"


def _note(error: BaseException, troubles: Sequence[Exception]) -> None:
    for each in troubles:
        error.add_note(f"besides, the storm ended with: {each}")
