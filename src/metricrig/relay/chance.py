"""Chance that a seed reproduces: numbers that follow from a seed and a count alone, the same on every machine.

Not ``random``: its generators have a state, so that what one connection draws would depend on all the others.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15  # splitmix64's own constants, here and below
_UNIT = 1.0 / (1 << 53)


def mixed(seed: int, *counts: int) -> int:
    """A number of 64 bits, by splitmix64's finalizer: https://prng.di.unimi.it/splitmix64.c."""
    state = seed & _MASK
    for count in counts:
        state = _finalized((state + _GOLDEN * (count + 1)) & _MASK)
    return state


def chance(seed: int, *counts: int) -> float:
    """A number from 0 up to 1, and never 1."""
    return (mixed(seed, *counts) >> 11) * _UNIT


def _finalized(state: int) -> int:
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)
