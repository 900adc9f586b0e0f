"""Waiting in tests: for the thing itself, with a deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def eventually(look: Callable[[], T], *, within: float = 10.0) -> T:
    """The first true thing that ``look`` returns; a failure shows what it returned last."""
    end = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < end, f"still {seen!r} after {within:g} s"
        time.sleep(0.002)
    return seen
