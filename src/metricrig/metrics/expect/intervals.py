"""Between which bounds a number lies, where that is all that can be known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metricrig.metrics.results import Matrix, Vector
from metricrig.metrics.results.equality import milliseconds


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
    """An interval for each time at which anything is known: ``got in grid.expect.quantile(...)``.

    ``got`` is a store's answer of one series; or what another program made of it, as ``{time: value}`` with times in
    seconds since 1970; or one number, where one moment was asked for.
    """

    at: Mapping[float, Interval]

    def __contains__(self, got: object) -> bool:
        """Whether it has a value within at each of these times, whatever it has at others."""
        found = self._points(got)
        wanted = {milliseconds(time): interval for time, interval in self.at.items()}
        return found is not None and all(
            (value := found.get(time)) is not None and value in interval for time, interval in wanted.items()
        )

    def _points(self, got: object) -> Mapping[int, float | None] | None:
        if isinstance(got, int | float) and len(self.at) == 1:
            return {milliseconds(time): got for time in self.at}
        if isinstance(got, Mapping):
            return {milliseconds(time): value for time, value in got.items()}
        return _points(got)


def _points(got: object) -> Mapping[int, float | None] | None:
    if isinstance(got, Matrix) and len(got.series) <= 1:
        pairs = [pair for each in got.series for pair in zip(each.times, each.values, strict=True)]
    elif isinstance(got, Vector) and len(got.samples) <= 1:
        pairs = [(each.time, each.value) for each in got.samples]
    else:
        return None
    return {milliseconds(time): value for time, value in pairs}
