"""Waiting in tests: for the thing itself, with a deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

HAPPENS_WITHIN = 60.0
"""Seconds in which a thing happens on a machine however busy; a test that waits so long has failed."""
_FIRST, _TIMES, _LAST = 0.3, 8, 60.0


def with_time(attempt: Callable[[float], T], seen: Callable[[T], bool]) -> T:
    """What comes of a wait that has to run out, but not before it has seen something: with deadlines ever longer.

    What a busy machine does not manage in the first it manages in a later one, and a quick one does not wait for that.
    """
    within = _FIRST
    while not seen(outcome := attempt(within)) and within < _LAST:
        within = min(within * _TIMES, _LAST)
    return outcome


def eventually(look: Callable[[], T], *, within: float = HAPPENS_WITHIN) -> T:
    """The first true thing that ``look`` returns; a failure shows what it returned last."""
    end = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < end, f"still {seen!r} after {within:g} s"
        time.sleep(0.002)
    return seen
