"""Coroutine functions are called by tasks on one event loop, which is the run's own."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.load.event_loop import precise_event_loop
from metricrig.load.run_plan import LATEST_START_SECONDS

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from metricrig.load.caller import Call
    from metricrig.load.generator_pulse import GeneratorPulse
    from metricrig.load.recorder import CallRecorder
    from metricrig.load.run_plan import RunPlan
    from metricrig.load.run_stop import RunStop

_CLEANUP_SECONDS = 1.0
"""For calls that were cancelled, to clean up after themselves."""
_AT_A_TIME = 100
"""Tasks that are created before others get their turn: a generator that is behind must still hear answers."""


class CallingTasks:
    """The tasks of one run."""

    def __init__(self, plan: RunPlan, recorder: CallRecorder, stop: RunStop) -> None:
        self.began = 0.0
        self.all_busy = False
        """Whether a call was due while every user that there may be had one."""
        self._plan, self._recorder, self._stop = plan, recorder, stop
        self._idle = deque["Call"]()
        self._waiting = deque[float]()
        self._tasks = set[asyncio.Task[None]]()
        self._over = asyncio.Event()
        self._error: BaseException | None = None

    def run(self, pulse: GeneratorPulse) -> None:
        """Returns when the time is over and calls have ended, or when it is stopped."""
        with self._recorder.current(), asyncio.Runner(loop_factory=precise_event_loop) as runner:
            runner.run(self._whole(pulse))
        if self._error is not None:
            raise self._error

    async def _whole(self, pulse: GeneratorPulse) -> None:
        loop, scheduling = asyncio.get_running_loop(), asyncio.ensure_future(self._schedule(pulse))

        def stopped() -> None:
            with suppress(RuntimeError):  # the loop is closed: it is over already
                loop.call_soon_threadsafe(scheduling.cancel)

        self._stop.when_set(stopped)
        with suppress(asyncio.CancelledError):
            await scheduling

    async def _schedule(self, pulse: GeneratorPulse) -> None:
        async with AsyncExitStack() as users:
            for _ in range(self._plan.users if self._plan.caller.own_users or not self._plan.rate else 1):
                self._idle.append(await users.enter_async_context(self._plan.caller.user()))
            with pulse.in_loop():
                begin = self._plan.common_begin
                self.began = await asyncio.to_thread(begin) if begin else time.monotonic()
                with suppress(asyncio.CancelledError):
                    await (self._keep_moments() if self._plan.rate else self._go_round())
                self._over.set()
                await self._let_end()

    async def _let_end(self) -> None:
        """Calls that are under way get their time, unless it was said that they do not; being told twice is that."""
        with suppress(asyncio.CancelledError):
            if self._tasks and not self._stop.at_once:
                await asyncio.wait(self._tasks, timeout=self._plan.patience)
        self._recorder.close()
        for each in self._tasks:
            each.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLEANUP_SECONDS)

    async def _keep_moments(self) -> None:
        """Begin each call when it is due."""
        for number, moment in enumerate(self._plan.moments()):
            due = self.began + moment
            if (left := due - time.monotonic()) > 0:
                await asyncio.sleep(left)
            elif not number % _AT_A_TIME:
                await asyncio.sleep(0)
            if self._idle or len(self._tasks) < self._plan.users:
                self._start(self._serve(self._idle.pop() if self._idle else await self._another(), due))
            else:
                self.all_busy = True
                self._waiting.append(due)
        await asyncio.sleep(max(0.0, self.began + self._plan.seconds - time.monotonic()))

    async def _another(self) -> Call:
        """For functions, which have no users of their own, and nothing to set up."""
        async with self._plan.caller.user() as call:
            given: Call = call
            return given

    async def _serve(self, call: Call, due: float) -> None:
        """Make a call, and those that have had to wait for it."""
        await self._call(call, due)
        latest = self.began + self._plan.seconds + LATEST_START_SECONDS
        while self._waiting and not self._stop.is_set and time.monotonic() < latest:
            await self._call(call, self._waiting.popleft())
        self._idle.append(call)

    async def _go_round(self) -> None:
        end = self.began + self._plan.seconds

        async def user(call: Call) -> None:
            while (now := time.monotonic()) < end and not self._stop.is_set:
                await self._call(call, now)
                if self._plan.think:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._over.wait(), self._plan.think)

        while self._idle:
            self._start(user(self._idle.pop()))
        if self._plan.seconds == float("inf"):
            await asyncio.wait(self._tasks)
        else:
            await asyncio.sleep(max(0.0, end - time.monotonic()))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._error = self._error or error
            self._stop.set(at_once=True)

    async def _call(self, call: Call, due: float) -> None:
        number = self._recorder.begin(due)
        error: BaseException | None = None
        try:
            await call()
        except asyncio.CancelledError as cancelled:
            if self._stop.is_set:
                raise
            error = cancelled
        except UsageError:
            raise
        except Exception as raised:  # noqa: BLE001 - that a call fails is what is measured
            error = raised
        self._recorder.end(number, error)
