"""Errors of the janitor: it is gone, or it does not answer."""

from __future__ import annotations

from metricrig._core.errors import DeadlineExceeded, MetricrigError
from metricrig._core.process_id import STATES, state_of

STOPPED = {"T", "t"}
"""States of a process that somebody has stopped."""


class JanitorLost(MetricrigError):
    """The janitor is gone although its owner lives: somebody killed it, or it failed."""


class JanitorUnresponsive(DeadlineExceeded):
    """The janitor lives but does not answer: ``pid`` is its process, ``state`` what the kernel says of that."""

    def __init__(self, op: str, *, pid: int, within: float) -> None:
        self.pid = pid
        self.state = state_of(pid)
        what = STATES.get(self.state, "in an unknown state")
        remedy = f"; let it go on: kill -CONT {pid}" if self.state in STOPPED else ""
        super().__init__(
            f"the janitor (pid {pid})",
            wanted=f"its answer to {op!r}",
            seen=f"its process is {what} (state {self.state}){remedy}",
            within=within,
        )
