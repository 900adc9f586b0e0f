"""Waits for something about a service: each ends with the answer, with the service's death, or with a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core import arguments
from metricrig._core.deadlines import Deadline, tries_until
from metricrig._core.errors import DeadlineExceeded, UsageError
from metricrig._core.latch import Latch
from metricrig.logs import CHUNK
from metricrig.probe import Answer

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.logs import LogFile
    from metricrig.runtimes import Running


_ENDED = Latch(is_set=True)


class Abandoned(Exception):
    """Another service's start failed, so this one is not waited for."""


def watch(
    state: InstanceState,
    running: Running,
    ask: Callable[[], Answer],
    *,
    wanted: str,
    deadline: Deadline,
    abandoned: threading.Event | None = None,
) -> Answer:
    """Ask until the answer is yes. The pauses are spent waiting for the process's end, so death ends them at once."""
    with state.waited_for(), tries_until(deadline):
        return _watched(state, running, ask, wanted=wanted, deadline=deadline, abandoned=abandoned)


def _watched(
    state: InstanceState,
    running: Running,
    ask: Callable[[], Answer],
    *,
    wanted: str,
    deadline: Deadline,
    abandoned: threading.Event | None,
) -> Answer:
    answer = ask()
    state.last_answer = answer.said
    for pause in deadline.pauses():
        if running.exited.is_set():
            raise state.told(f"while waiting for {wanted}")
        if answer:
            return answer
        running.exited.wait(pause)
        if abandoned is not None and abandoned.is_set():
            raise Abandoned
        if not running.exited.is_set():
            answer = ask()
            state.last_answer = answer.said
    if answer and not running.exited.is_set():  # the question took all the time that there was
        return answer
    raise _ran_out(state, running, answer, wanted, deadline)


def wait_for_end(state: InstanceState, deadline: Deadline) -> str:
    """Wait until it has ended, and return how. Such an end counts as expected: no test fails for it."""
    state.require_ours("to wait for its end")
    running = state.running
    if running is None:
        raise UsageError(f"{state.name} is {state.phase}, so there is no end of it to wait for: start it first")
    state.provoked = True
    if not running.exited.wait(deadline.remaining):
        raise DeadlineExceeded(
            state.name,
            wanted="its end",
            seen=f"it runs, pid {running.pid}",
            within=deadline.within,
            log_tail=state.log.tail(since=state.log_start),
        )
    return running.how


def _ran_out(state: InstanceState, running: Running, answer: Answer, wanted: str, deadline: Deadline) -> Exception:
    from metricrig._core.user_frame import place_of  # noqa: PLC0415 - only when something has gone wrong

    if running.exited.is_set():
        return state.told(f"while waiting for {wanted}")
    place = f"\n  {place_of(answer.error)}" if answer.error is not None else ""
    ran_out = DeadlineExceeded(
        state.name,
        wanted=wanted,
        seen=f"{answer.said}{place}",
        within=deadline.within,
        log_tail=state.log.tail(since=state.log_start),
    )
    ran_out.__cause__ = answer.error
    return ran_out


class Lifeline:
    """Whether an instance lives: what a wait on its metrics watches. It follows the instance over restarts."""

    def __init__(self, state: InstanceState) -> None:
        self._state = state

    @property
    def exited(self) -> Latch:
        """Set when the process has ended, or is not running at all."""
        return self._state.running.exited if self._state.running is not None else _ENDED

    def death(self, during: str) -> Exception:
        """The error that says how it ended, or that it does not run."""
        if self._state.running is None:
            return UsageError(f"{self._state.name} is {self._state.phase}, not running, {during}")
        return self._state.told(during)

    def waited_for(self) -> AbstractContextManager[None]:
        """A block during which the instance's death is reported by this wait, and by nothing else."""
        return self._state.waited_for()


class Logs:
    """What a service has written: ``text``, ``tail``, ``mark`` and ``since``, and waiting for a line."""

    def __init__(self, state: InstanceState) -> None:
        self._state = state

    def text(self) -> str:
        """Everything, of all starts."""
        return self._log.text()

    def tail(self, lines: int = 20) -> str:
        """The last lines."""
        return self._log.tail(arguments.count(f"{self._state.name}.logs.tail", "lines", lines))

    def mark(self) -> int:
        """A place in the log: its end now."""
        return self._log.mark()

    def since(self, mark: int) -> str:
        """What was written after a mark."""
        return self._log.text(arguments.count(f"{self._state.name}.logs.since", "mark", mark))

    def wait(self, pattern: str, *, within: float = 30.0, since: int | None = None) -> str:
        """Wait for a line that matches the regular expression; returns what matched.

        Looks at everything of the current start, or only at what comes after a mark. A service that dies while
        it is waited for ends the wait. Of an expression that backtracks without end, such as ``(a+)+b``, no deadline is
        kept: Python cannot interrupt one.
        """
        state = self._state
        state.require_ours("its log")
        arguments.pattern(f"{state.name}.logs.wait", pattern)
        mark = state.log_start if since is None else arguments.count(f"{state.name}.logs.wait", "since", since)
        running = state.require_running("waiting for a log line")
        found = ""

        def ask() -> Answer:
            nonlocal found
            match = state.log.search(pattern, mark, until=deadline)
            found = match.group() if match else ""
            written, seen = state.log.mark() - mark, state.log.searched(pattern, mark) - mark
            late = f", and there was no time for more than {seen} of them" if written - seen > CHUNK else ""
            return Answer(match is not None, f"{written} bytes of log, none matches{late}")

        deadline = Deadline.after(within)
        watch(state, running, ask, wanted=f"a log line matching {pattern!r}", deadline=deadline)
        return found

    def __repr__(self) -> str:
        return f"<Logs of {self._state.name}, {self._state.log.mark()} bytes>"

    @property
    def _log(self) -> LogFile:
        self._state.require_ours("its log")
        return self._state.log
