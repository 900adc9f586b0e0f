"""Interleaved rounds: every contender once a round, in another order each time.

A machine gets slower and faster by itself, and whoever runs second finds warmer caches. Contenders that take turns
share that weather; those measured one after another do not.
"""

from __future__ import annotations

import random
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Attempt = Callable[[], float]
    Timings = Mapping[str, Sequence[float]]

_RESAMPLES = 1000


def interleave(contenders: Mapping[str, Attempt], rounds: int, *, warmups: int = 1) -> dict[str, list[float]]:
    """The seconds that each attempt reports. The first rounds are not counted: they pay for caches and imports."""
    timings: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(-warmups, rounds):
        for name in turn(list(contenders), number):
            seconds = contenders[name]()
            if number >= 0:
                timings[name].append(seconds)
    return timings


def turn(names: Sequence[str], number: int) -> list[str]:
    """The order in a round: A B C, then C B A, then B C A, and so on."""
    start = (number // 2) % len(names)
    order = [*names[start:], *names[:start]]
    return order[::-1] if number % 2 else order


def spread(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Between which values 90 % of the ratios lie, if the rounds are drawn anew (with repetition) many times."""
    dice = random.Random(1)  # noqa: S311 - not a secret, and the same report for the same numbers
    rounds = range(min(len(ours), len(theirs)))
    ratios = []
    for _ in range(_RESAMPLES):
        drawn = [dice.choice(rounds) for _ in rounds]
        ratios.append(median(ours[i] for i in drawn) / median(theirs[i] for i in drawn))
    ratios.sort()
    return ratios[_RESAMPLES // 20], ratios[-_RESAMPLES // 20]
