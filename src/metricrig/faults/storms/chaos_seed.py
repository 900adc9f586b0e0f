"""The seed of a storm that was given none: the one that somebody has chosen, such as a test's own; else any."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_SEED = 1 << 32
"""It is to be typed by people."""


def any_seed() -> int:
    """One that nobody knows before."""
    return int.from_bytes(os.urandom(4), "big")


_source: list[Callable[[], int]] = [any_seed]


def next_seed() -> int:
    """The seed for a storm that begins now."""
    return _source[-1]()


def take_from(source: Callable[[], int]) -> Callable[[], None]:
    """Have seeds come from here from now on; returns what ends that."""
    _source.append(source)
    return lambda: _source.remove(source)
