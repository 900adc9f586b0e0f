"""Plain functions are called by threads: one for each user, and as many as are needed at a time."""

from __future__ import annotations

import threading
import time
from contextvars import copy_context
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.load.caller import require_done
from metricrig.load.run_plan import LATEST_START_SECONDS

if TYPE_CHECKING:
    from metricrig.load.caller import Call
    from metricrig.load.generator_pulse import GeneratorPulse
    from metricrig.load.recorder import CallRecorder
    from metricrig.load.run_plan import RunPlan
    from metricrig.load.run_stop import RunStop

_FIRST_THREADS = 2
"""One that waits for the next moment, and one that does when the first is calling."""


class CallingThreads:
    """The threads of one run. In an open loop they take turns: whoever waits for the next moment makes that call.

    No call is handed from one thread to another, which would be as late as two wake-ups instead of one.
    """

    def __init__(self, plan: RunPlan, recorder: CallRecorder, stop: RunStop) -> None:
        self.began = 0.0
        self.all_busy = False
        """Whether a call was due while every user that there may be had one."""
        self._plan, self._recorder, self._stop = plan, recorder, stop
        self._moments = plan.moments()
        self._turn, self._count = threading.Lock(), threading.Lock()
        self._hired = self._idle = self._working = 0
        self._opened, self._finished = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        at_first = plan.users if plan.caller.own_users or not plan.rate else min(plan.users, _FIRST_THREADS)
        self._ready = threading.Barrier(at_first, self._begin)
        self._context = copy_context()

    def run(self, pulse: GeneratorPulse) -> None:
        """Returns when the time is over and calls have ended, or when it is stopped."""
        self._stop.when_set(self._stopped)
        with pulse.in_thread():
            for _ in range(self._ready.parties):
                self._hire()
            self._opened.wait()
            self._stop.wait_until(self.began + self._plan.seconds)
            if not self._stop.at_once:
                self._finished.wait(self._plan.patience)
        if self._error is not None:
            raise self._error

    def _begin(self) -> None:
        self.began = (self._plan.common_begin or time.monotonic)()
        self._opened.set()

    def _stopped(self) -> None:
        self._ready.abort()
        self._opened.set()
        if self._stop.at_once:
            self._finished.set()

    def _hire(self) -> bool:
        """One thread more; False if there are as many as there may be."""
        with self._count:
            if self._hired == self._plan.users:
                return False
            self._hired += 1
            self._working += 1
        context = self._context.copy()
        threading.Thread(target=context.run, args=(self._work,), name="metricrig load", daemon=True).start()
        return True

    def _work(self) -> None:
        try:
            with self._recorder.current(), self._plan.caller.user() as call:
                if not self.began:
                    self._ready.wait()
                (self._take_turns if self._plan.rate else self._go_round)(call)
        except threading.BrokenBarrierError:
            pass  # stopped before it began, or another could not be set up
        except BaseException as error:  # noqa: BLE001 - raised by run
            self._failed(error)
        finally:
            with self._count:
                self._working -= 1
                last = not self._working
            if last:
                self._finished.set()

    def _failed(self, error: BaseException) -> None:
        self._error = self._error or error
        self._stop.set(at_once=True)

    def _take_turns(self, call: Call) -> None:
        while (due := self._next_due()) is not None:
            self._call(call, due)

    def _next_due(self) -> float | None:
        """Wait for the next moment; None if there is none, or if it has come too late."""
        with self._count:
            self._idle += 1
        with self._turn:
            with self._count:
                self._idle -= 1
            moment = next(self._moments, None)
            if moment is None or not self._stop.wait_until(self.began + moment):
                return None
            if time.monotonic() > self.began + self._plan.seconds + LATEST_START_SECONDS:
                return None
            if not self._idle and not self._hire():
                self.all_busy = True
            return self.began + moment

    def _go_round(self, call: Call) -> None:
        end = self.began + self._plan.seconds
        while not self._stop.is_set and (now := time.monotonic()) < end:
            self._call(call, now)
            if self._plan.think:
                self._stop.wait_until(time.monotonic() + self._plan.think)

    def _call(self, call: Call, due: float) -> None:
        number, error = self._recorder.begin(due), None
        try:
            require_done(call())
        except UsageError:
            raise
        except Exception as raised:  # noqa: BLE001 - that a call fails is what is measured
            error = raised
        self._recorder.end(number, error)
