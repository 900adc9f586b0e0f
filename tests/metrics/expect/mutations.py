"""Wrong answers: each differs from a right one at one point of one series, or by a series."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from metricrig.metrics.results import Bounded, Matrix, Series


def mutations(right: Matrix, by: float) -> Iterator[Matrix]:
    """Each point more and less by so much, doubled, or one where it was nothing, and not there; a series too few."""
    for at, series in enumerate(right.series):
        for point, value in enumerate(series.values):
            if math.isfinite(value):
                for wrong in {value + by, value - by, *([2 * value or 1.0] if abs(value) >= by else [])} - {value}:
                    yield _with(right, at, _valued(series, point, wrong))
            yield _with(right, at, _without(series, point))
        yield replace(right, series=right.series[:at] + right.series[at + 1 :])


def certain(expected: Matrix) -> bool:
    """Whether nothing but this is right."""
    return not any(isinstance(value, Bounded) for series in expected.series for value in series.values)


def room(expected: Matrix) -> float:
    """What is forgiven at the point where most is."""
    values = (value for series in expected.series for value in series.values if isinstance(value, Bounded))
    return max((max(value.below, value.above) for value in values), default=0.0)


def certain_to(expected: Matrix, by: float) -> bool:
    """Whether what is off by so much is wrong, at each point."""
    return room(expected) < by * 0.999


def _valued(series: Series, point: int, value: float) -> Series:
    return replace(series, values=(*series.values[:point], value, *series.values[point + 1 :]))


def _without(series: Series, point: int) -> Series:
    times, values = series.times, series.values
    return replace(series, times=times[:point] + times[point + 1 :], values=values[:point] + values[point + 1 :])


def _with(right: Matrix, at: int, series: Series) -> Matrix:
    return replace(right, series=(*right.series[:at], series, *right.series[at + 1 :]))
