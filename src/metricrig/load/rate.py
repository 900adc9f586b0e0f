"""The rate of an open loop over time, and the moments at which calls are due, whatever becomes of the calls."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from metricrig._core.arguments import wrong
from metricrig.metrics.times import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXAMPLE = 'calls a second, above 0 and up to a million: rate=200, or load.ramp(10, 200, over="30s")'
_HIGHEST = 1_000_000.0
"""Calls a second that nothing written in Python comes near."""


@dataclass(frozen=True, slots=True)
class RateStep:
    """So many ``seconds`` in which the rate goes from ``first`` to ``last``, evenly."""

    seconds: float
    first: float
    last: float

    @property
    def calls(self) -> float:
        """How many are due in it."""
        return self.seconds * (self.first + self.last) / 2

    def moment(self, number: float) -> float:
        """Seconds into the step at which the ``number``-th call is due; the inverse of the rate's integral."""
        growth = (self.last - self.first) / self.seconds
        divisor = self.first + math.sqrt(max(0.0, self.first**2 + 2 * growth * number))
        return 2 * number / divisor if divisor else 0.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls a second: first in ``steps``, and then ``lasting`` for as long as it goes on."""

    steps: tuple[RateStep, ...]
    lasting: float
    seed: int | None = None
    """For arrivals by chance, as of people who do not know of each other; None for even ones."""

    def moments(self) -> Iterator[float]:
        """Seconds after the beginning at which calls are due, in their order; each is computed and none added up."""
        began, done, steps = 0.0, 0.0, iter(self.steps)
        step = next(steps, None)
        for number in self._numbers():
            while step is not None and number >= done + step.calls:
                began, done, step = began + step.seconds, done + step.calls, next(steps, None)
            if step is not None:
                yield began + step.moment(number - done)
            elif self.lasting:
                yield began + (number - done) / self.lasting
            else:
                return

    def _numbers(self) -> Iterator[float]:
        """Whole numbers; or what the same number of arrivals are when each comes by chance: a Poisson process."""
        number = 0.0
        chance = None if self.seed is None else random.Random(self.seed)  # noqa: S311 - to be had again, not secret
        while True:
            number += chance.expovariate(1.0) if chance else 0.0
            yield number
            number += 0.0 if chance else 1.0

    def __str__(self) -> str:
        parts = [f"{each.first:g}/s…{each.last:g}/s over {each.seconds:g} s" for each in self.steps]
        by_chance = "" if self.seed is None else f", by chance with seed {self.seed}"
        return ", then ".join([*parts, f"{self.lasting:g}/s"]) + by_chance


def ramp(first: float, last: float, *, over: Any) -> Rate:
    """From one rate to another, evenly; it stays there."""
    begins, ends = _calls_a_second("load.ramp", "first", first), _calls_a_second("load.ramp", "last", last)
    return Rate((RateStep(_length("load.ramp", "over", over), begins, ends),), ends)


def steps(*rates: float, every: Any) -> Rate:
    """One rate after another, each for so long; it stays at the last."""
    if not rates:
        raise wrong("load.steps", "rates", rates, 'load.steps(50, 100, 200, every="10s")')
    checked = [_calls_a_second("load.steps", "rates", each) for each in rates]
    return Rate(tuple(RateStep(_length("load.steps", "every", every), each, each) for each in checked), checked[-1])


def poisson(rate: float | Rate, *, seed: int) -> Rate:
    """Arrivals by chance, as of many people who do not know of each other; the same seed has the same ones again."""
    return replace(rate_of("load.poisson", rate), seed=seed)


def rate_of(who: str, given: Any) -> Rate:
    """A number is a rate as well."""
    if isinstance(given, Rate):
        return given
    if (number := _calls_a_second(who, "rate", given)) == 0:
        raise wrong(who, "rate", given, _EXAMPLE)
    return Rate((), number)


def _calls_a_second(who: str, what: str, given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= _HIGHEST:
        raise wrong(who, what, given, _EXAMPLE)
    return float(given)


def _length(who: str, what: str, given: Any) -> float:
    if (length := duration(given)) > 0:
        return length
    raise wrong(who, what, given, f'a duration above 0: {what}="30s"')
