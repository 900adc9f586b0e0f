"""Waiting in tests: for the thing itself, with a deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

HAPPENS_WITHIN = 60.0
"""Seconds in which a thing happens on a machine however busy; a test that waits so long has failed."""
_FIRST, _TIMES, _LAST = 0.3, 8, 60.0


def deadlines() -> Iterator[float]:
    """Deadlines for a wait that has to run out, but not before it has seen something: each longer than the last.

    What a busy machine does not manage in the first it manages in a later one, and a quick one does not wait for that.
    """
    within = _FIRST
    while within < _LAST:
        yield within
        within *= _TIMES
    yield _LAST


def eventually(look: Callable[[], T], *, within: float = HAPPENS_WITHIN) -> T:
    """The first true thing that ``look`` returns; a failure shows what it returned last."""
    end = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < end, f"still {seen!r} after {within:g} s"
        time.sleep(0.002)
    return seen
