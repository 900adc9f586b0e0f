"""Between which bounds a number lies, where that is all that can be known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig.metrics.results import Matrix, Vector
from metricrig.metrics.results.equality import milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high``, both included; ``truth`` is the number that the buckets only enclose."""

    low: float
    high: float
    truth: float

    def __contains__(self, value: float) -> bool:
        slack = 1e-9 * max(abs(self.low), abs(self.high)) if self.high - self.low < float("inf") else 0.0
        return self.low - slack <= value <= self.high + slack


@dataclass(frozen=True, slots=True)
class Intervals:
    """An interval for each time at which anything is known: ``got in grid.expect.quantile(...)``."""

    at: Mapping[float, Interval]

    def __contains__(self, got: object) -> bool:
        """Whether an answer of one series has a value within at each of these times, whatever it has at others."""
        found = _points(got)
        wanted = {milliseconds(time): interval for time, interval in self.at.items()}
        return found is not None and all(time in found and found[time] in wanted[time] for time in wanted)


def _points(got: object) -> dict[int, float] | None:
    if isinstance(got, Matrix) and len(got.series) <= 1:
        pairs = [pair for each in got.series for pair in zip(each.times, each.values, strict=True)]
    elif isinstance(got, Vector) and len(got.samples) <= 1:
        pairs = [(each.time, each.value) for each in got.samples]
    else:
        return None
    return {milliseconds(time): value for time, value in pairs}
