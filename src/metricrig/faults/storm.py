"""A storm: faults at random moments, by a plan that a seed reproduces, while what has to hold is judged."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from metricrig._core.deadlines import factor
from metricrig._core.errors import MetricrigError, UsageError
from metricrig._core.events import StormBegan, StormEnded
from metricrig.faults import recovery
from metricrig.faults.errors import SteadyStateUnknown, SteadyStateViolated
from metricrig.faults.fault_sequence import FaultSequence
from metricrig.faults.steady_state import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from metricrig.faults.fault import Fault
    from metricrig.faults.recovery import Resident
    from metricrig.faults.steady_state import Steady
    from metricrig.faults.storm_plan import StormPlan
    from metricrig.lifecycle.active_faults import ActiveFaults

_PAUSE_SECONDS = 0.02
"""Between two looks: at a small page every 20 ms they take 2 % of a core."""
_COMPUTING_SHARE = 0.04
"""How much of the time looks may take that compute for long, such as at a page of megabytes."""
_LAST_LOOK_SECONDS = 30.0
"""For a look that has begun: a function of a user may wait for what was broken."""
_INTERRUPTIONS = (KeyboardInterrupt, SystemExit)
"""Whoever wants to get out does not want to wait until all is well."""


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
        self._steady: list[Steady] = []
        self._over, self._calm = threading.Event(), threading.Event()
        self._sequence = FaultSequence(plan, choices, self._over)
        self._threads: list[threading.Thread] = []
        self._trouble: Exception | None = None
        self._lock = threading.RLock()
        self._state = "planned"

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
        if self._state != "planned":
            raise UsageError(f"the {self.name} is {self._state}; say what has to hold before it begins")
        self._steady.append(steady(condition))
        return self

    def run(self) -> Self:
        """All of it; returns when everything is healed and ready again."""
        with self:
            self.wait()
        return self

    def wait(self) -> None:
        """Return at the end of the plan, or raise what has ended it before."""
        self._over.wait()
        if self._trouble is not None:
            raise self._trouble

    def __enter__(self) -> Self:
        with self._lock:
            if self._state != "planned":
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
        self._state = "running"
        self._active.add(self)
        self._sequence.began = time.monotonic()
        self._active.stream.emit(StormBegan(rig=self._active.rig, seed=self.plan.seed, plan=str(self.plan)))
        for each in self._steady:
            self._look(each)
        if self._trouble is not None:
            raise self._trouble
        work: list[Callable[[], None]] = [
            self._break,
            self._watch,
            *(partial(self._judge, each) for each in self._steady),
        ]
        for task in work:
            thread = threading.Thread(target=task, name="metricrig-storm", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _break(self) -> None:
        """On its own thread: carry out the plan."""
        try:
            self._sequence.carry_out()
        except Exception as error:  # noqa: BLE001 - raised where the storm ends
            self._fail(error)
        finally:
            self._over.set()

    def _watch(self) -> None:
        """On its own thread: a service that ends by itself ends the storm."""
        while self._trouble is None and not self._calm.wait(_PAUSE_SECONDS):
            if (death := recovery.lost(self._residents, f"in the {self.name}")) is not None:
                self._fail(death)

    def _judge(self, state: Steady) -> None:
        """On its own thread: look until all is over, or until it does not hold."""
        pause = 0.0
        while self._trouble is None and not self._calm.wait(pause):
            began = time.thread_time()
            self._look(state)
            pause = max(_PAUSE_SECONDS, (time.thread_time() - began) / _COMPUTING_SHARE)

    def _look(self, state: Steady) -> None:
        if (seen := state.violation()) is not None:
            self._violated(state, "\n    ".join([seen, *state.seen()]))

    def _violated(self, state: Steady, seen: str) -> None:
        violated = SteadyStateViolated(str(state), seen=seen, plan=self.plan, story=self._sequence.story())
        violated.__cause__ = getattr(state, "error", None)
        self._fail(violated)

    def _fail(self, error: Exception) -> None:
        """The first trouble ends the storm; what comes after it is of its making."""
        with self._lock:
            if self._trouble is None:
                if not isinstance(error, SteadyStateViolated):
                    error.add_note(str(self._sequence.story()))
                self._trouble = error
        self._over.set()

    def _end(self, *, patient: bool) -> list[Exception]:
        """Heal everything, wait until all is well, and say what went wrong."""
        if self._state != "running":
            return []
        self._state = "over"
        self._over.set()
        for thread in self._threads[:1]:
            thread.join()
        troubles = self._sequence.heal_rest()
        if patient and not troubles:
            try:
                self.recovery = recovery.await_ready(self._residents)
            except MetricrigError as error:
                error.add_note(str(self._sequence.story()))
                troubles.append(error)
        troubles = self._verdicts(troubles)
        self._active.discard(self)
        self._tell(troubles)
        return troubles

    def _verdicts(self, others: list[Exception]) -> list[Exception]:
        """What the judges have to say, before everything else."""
        self._calm.set()
        for thread in self._threads[1:]:
            thread.join(_LAST_LOOK_SECONDS * factor())
        for state, thread in zip(self._steady, self._threads[2:], strict=False):
            if thread.is_alive():
                self._violated(state, f"its last look has not returned, {_LAST_LOOK_SECONDS:g} s after the storm")
        first = [self._trouble] if self._trouble is not None else []
        never = [SteadyStateUnknown(str(each), why=each.unknown) for each in self._steady if not each.judged]
        return [*first, *others, *(never if self._trouble is None else [])]

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
