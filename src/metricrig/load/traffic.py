"""A run that goes on in a thread of its own: begun, waited for, stopped, whatever becomes of the test meanwhile."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

from metricrig._core.events import LoadBegan, LoadEnded, ServiceDiedUnasked, everything
from metricrig.load.calling_tasks import CallingTasks
from metricrig.load.calling_threads import CallingThreads
from metricrig.load.errors import LoadInterrupted
from metricrig.load.generator_pulse import GeneratorPulse
from metricrig.load.progress import telling_progress
from metricrig.load.recorder import CallRecorder
from metricrig.load.resource_use import watching
from metricrig.load.run import Run
from metricrig.load.run_data import RunData
from metricrig.load.run_stop import RunStop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

    from metricrig._core.events import Event
    from metricrig.load.resource_use import Watched
    from metricrig.load.run_plan import RunPlan


_GIVEN_UP_SECONDS = 2.0
"""After an interrupt: a coroutine that blocks its event loop cannot be ended, and is left alone."""


class Engine(Protocol):
    """What makes the calls of one run, or has them made."""

    began: float
    """When, on the monotonic clock; 0 if it has not."""
    all_busy: bool
    """Whether a call was due while every user that there may be had one."""

    def run(self, pulse: GeneratorPulse) -> None:
        """Returns when the time is over and calls have ended, or when it is stopped."""


EngineMaker: TypeAlias = "Callable[[CallRecorder, RunStop], Engine]"


class Traffic:
    """One run, from its start to its end."""

    def __init__(
        self,
        plan: RunPlan,
        lag_allowed: float | None,
        engine: EngineMaker | None = None,
        watch: Sequence[Watched] = (),
        workers: int = 0,
    ) -> None:
        self._watch = tuple(watch)
        self._plan, self._stop, self._recorder = plan, RunStop(), CallRecorder()
        pulse = GeneratorPulse()
        self._data = RunData(plan.sentence, self._recorder, pulse, plan.users, lag_allowed, workers=workers)
        self.run = Run(self._data)
        make = engine or partial(CallingTasks if plan.caller.awaited else CallingThreads, plan)
        self._engine = make(self._recorder, self._stop)
        self._over, self._concluding = threading.Event(), threading.Lock()
        self._error: BaseException | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> Self:
        """Begin; it goes on by itself."""
        self._unsubscribe = everything.subscribe(self._look_for_death)
        context = copy_context()
        threading.Thread(target=context.run, args=(self._go,), name="metricrig load run", daemon=True).start()
        return self

    def wait(self) -> Run:
        """Wait for its end. Whatever interrupts that ends it, at once: Ctrl-C, or the death of a server."""
        try:
            self._over.wait()
        except BaseException as error:
            self.stop(f"interrupted by {type(error).__name__}", at_once=True)
            if not self._over.wait(_GIVEN_UP_SECONDS):
                self._conclude()
            if isinstance(error, KeyboardInterrupt):
                raise LoadInterrupted(self.run) from error
            raise
        finally:
            self._unsubscribe()
        if self._error is not None:
            raise self._error
        return self.run

    @contextmanager
    def in_background(self) -> Iterator[Run]:
        """It goes on for as long as a block. What has gone wrong in the block counts more than what does here."""
        self.start()
        try:
            yield self.run
        except BaseException:
            self.stop("its block ended with an error", at_once=True)
            with suppress(Exception):
                self.wait()
            raise
        self.stop()
        self.wait()

    def stop(self, why: str = "", *, at_once: bool = False) -> None:
        """No further call begins; ``at_once`` does not wait for those that have begun."""
        self._stop.set(why, at_once=at_once)

    def _go(self) -> None:
        everything.emit(LoadBegan(load=self._plan.caller.name, sentence=self._plan.sentence))
        try:
            with watching(self._watch, self._data.samples), telling_progress(self._plan.caller.name, self._data):
                self._engine.run(self._data.pulse)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._error = error
        self._conclude()

    def _look_for_death(self, event: Event) -> None:
        """A server that dies although nobody has asked it to ends the run: what comes after says nothing."""
        if isinstance(event, ServiceDiedUnasked) and not event.provoked:
            self.stop(f"{event.service} died, {event.how}", at_once=True)

    def _conclude(self) -> None:
        """Once: by its own thread, or by who has given that up."""
        with self._concluding:
            if not self._over.is_set():
                try:
                    self._settle()
                finally:
                    self._over.set()

    def _settle(self) -> None:
        self._recorder.close()
        data = self._data
        data.began = self._engine.began or data.began
        now = time.monotonic()
        data.ended_early, data.all_busy = self._stop.why, self._engine.all_busy
        data.lost = self._stop.lost
        planned = min(now, self._stop.at, data.began + self._plan.seconds) - data.began
        data.missed = self._plan.missed(self._recorder.begun, planned) if self._plan.rate else 0
        data.ended = min(now, max([data.began + planned, *self._recorder.calls.ended]))
        everything.emit(
            LoadEnded(
                load=self._plan.caller.name,
                seconds=self.run.seconds,
                summary=str(self.run.measured),
                reasons=self.run.reasons,
            )
        )
