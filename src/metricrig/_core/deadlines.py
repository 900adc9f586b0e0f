"""Deadlines on the monotonic clock, and the pauses between the tries of a wait."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from typing import TYPE_CHECKING

from metricrig._core.arguments import seconds as checked_seconds
from metricrig._core.arguments import wrong
from metricrig._core.frozen_class import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator


# Redis is ready after 2.5 ms: a step of a whole millisecond would be a third of its start.
FIRST_PAUSE = 0.0002
LONGEST_PAUSE = 0.050
# A pause of a twentieth of the time waited so far costs at most 5 % of the whole wait, 2.5 % on average,
# and a server that needs seconds is asked twenty times a second, not a thousand.
PAUSE_SHARE = 0.05


@frozen
class Deadline:
    """A moment on the monotonic clock, and how long it was away when it was set."""

    at: float
    within: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The moment ``seconds`` from now, on a machine of ordinary speed."""
        within = checked_seconds("a wait", "within", seconds) * factor()
        return cls(time.monotonic() + within, within)

    @classmethod
    def exactly(cls, seconds: float) -> Deadline:
        """The same where the seconds are what is left of another deadline."""
        return cls(time.monotonic() + seconds, seconds)

    def capped(self, seconds: float) -> Deadline:
        """The moment that comes first: this one, or ``seconds`` from now."""
        capped = Deadline.after(seconds)
        return capped if capped.at < self.at else self

    @property
    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - time.monotonic())

    @property
    def expired(self) -> bool:
        """Whether the moment has passed."""
        return time.monotonic() >= self.at

    @property
    def elapsed(self) -> float:
        """Seconds since the deadline was set."""
        return time.monotonic() - (self.at - self.within)

    def pauses(self) -> Iterator[float]:
        """How long to pause before each further try; ends when the deadline has passed.

        The caller does the pausing, preferably on something that can wake it earlier.
        """
        while not self.expired:
            yield min(next_pause(self.elapsed), max(self.remaining, FIRST_PAUSE))


def factor() -> float:
    """How much longer everything may take: for slow machines, in the environment so that every process finds it."""
    given = os.environ.get("METRICRIG_TIMEOUT_FACTOR") or "1"
    try:
        return checked_seconds("the environment", "METRICRIG_TIMEOUT_FACTOR", float(given))
    except ValueError:
        raise wrong("the environment", "METRICRIG_TIMEOUT_FACTOR", given, "METRICRIG_TIMEOUT_FACTOR=3") from None


def next_pause(waited: float) -> float:
    """The pause after having waited so long: 0.2 ms at first, 1 ms after 20, 50 ms at most."""
    return min(max(waited * PAUSE_SHARE, FIRST_PAUSE), LONGEST_PAUSE)


class _AnswerLimit(threading.local):
    seconds = inf


_answer_limit = _AnswerLimit()


@contextmanager
def answers_within(seconds: float) -> Iterator[None]:
    """Have this thread wait for answers of our own helper processes no longer than the operation may take."""
    before = _answer_limit.seconds
    _answer_limit.seconds = min(before, seconds * factor())
    try:
        yield
    finally:
        _answer_limit.seconds = before


def answer_limit(most: float) -> float:
    """How long to wait for one answer: what the operation allows, at most so long."""
    return min(most, _answer_limit.seconds)


TRY_TIMEOUT_SECONDS = 2.0
"""Seconds that one try may take: a server that accepts and then says nothing is asked anew."""
LEAST_TRY_SECONDS = 0.05
"""Seconds for the last try of a wait, which may begin when the deadline has all but passed."""
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
    return (
        TRY_TIMEOUT_SECONDS
        if deadline is None
        else max(min(TRY_TIMEOUT_SECONDS, deadline.remaining), LEAST_TRY_SECONDS)
    )


def deadline_of_wait() -> Deadline | None:
    """The deadline of the wait that is going on, if one is."""
    return _DEADLINE.get()
