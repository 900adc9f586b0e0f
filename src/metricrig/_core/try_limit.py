"""The time for one try of a wait: no longer than is left of the wait that it belongs to."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig._core.deadlines import Deadline

PATIENCE = 2.0
"""Seconds that one try may take: a server that accepts and then says nothing is asked anew."""
LEAST_PATIENCE = 0.05
"""For the last try of a wait, which begins at its very end."""
_DEADLINE: ContextVar[Deadline | None] = ContextVar("deadline of the wait that asks", default=None)


@contextmanager
def tries_until(deadline: Deadline) -> Iterator[None]:
    """A block in which no try outlasts the deadline."""
    before = _DEADLINE.set(deadline)
    try:
        yield
    finally:
        _DEADLINE.reset(before)


def try_limit() -> float:
    """Seconds that a try may take now."""
    deadline = _DEADLINE.get()
    return PATIENCE if deadline is None else max(min(PATIENCE, deadline.remaining), LEAST_PATIENCE)


def deadline_of_wait() -> Deadline | None:
    """The deadline of the wait that is going on, if one is."""
    return _DEADLINE.get()
