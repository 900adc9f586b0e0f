"""Prometheus's functions, as in its ``promql/functions.go``, checked against real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.metrics.expect import rounding
from metricrig.metrics.expect.query import ExpectedValues, at, extreme, reduced
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.block import is_stale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.query import Numbers, Places, Query, Samples

# How old a sample may be that a bare selector still takes.
_LOOKBACK_MILLISECONDS = 300_000


def increase(found: Samples, query: Query, engine: Engine) -> ExpectedValues:
    """From the first sample of the window to the last, extrapolated to its bounds."""
    return _extrapolated(found, query, engine, per=1.0)


def rate(found: Samples, query: Query, engine: Engine) -> ExpectedValues:
    """The increase per second of the window."""
    whole, part = divmod(query.window, 1000)
    return _extrapolated(found, query, engine, per=whole + part / 1000)  # as Go makes seconds of a duration


def last(found: Samples, query: Query, engine: Engine) -> ExpectedValues:
    """A bare selector: the last sample, unless it is older than five minutes, or a stale marker."""
    index = np.searchsorted(found.times, query.points, side="right") - 1
    age = query.points - at(found.times.astype(np.float64), index)
    fresh = age <= _LOOKBACK_MILLISECONDS if engine.left_closed else age < _LOOKBACK_MILLISECONDS
    value = at(found.values, index)
    return ExpectedValues.around(value, (index >= 0) & fresh & ~is_stale(value))


def highest(found: Samples, query: Query, engine: Engine) -> ExpectedValues:
    """max_over_time: NaN only where there is nothing else."""
    found = found.without_stale()
    return extreme(found, *found.within(query, left_closed=engine.left_closed), np.fmax)


def lowest(found: Samples, query: Query, engine: Engine) -> ExpectedValues:
    """min_over_time."""
    found = found.without_stale()
    return extreme(found, *found.within(query, left_closed=engine.left_closed), np.fmin)


def _extrapolated(found: Samples, query: Query, engine: Engine, *, per: float) -> ExpectedValues:
    found = found.without_stale()
    begin, end = found.within(query, left_closed=engine.left_closed)
    there = end - begin > 1
    grown, error = _grown(found.values, begin, end)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = _factor(found, query, (begin, end), grown, engine) / per
        return ExpectedValues.around(grown * factor, there, rounding.finite(error * factor))


def _grown(values: Numbers, begin: Places, end: Places) -> tuple[Numbers, Numbers]:
    """Last minus first, plus all that restarts inside took; and what the order of adding that may change."""
    if not len(values):
        return np.full(len(begin), np.nan), np.zeros(len(begin))
    with np.errstate(invalid="ignore", over="ignore"):
        grown = at(values, end - 1) - at(values, begin)
        fell = values[1:] < values[:-1]
        if not fell.any():
            return grown, np.zeros(len(begin))
        taken = _within(np.where(fell, values[:-1], 0.0), begin, end)
        total = grown + taken
        magnitude = np.abs(at(values, end - 1)) + np.abs(at(values, begin)) + np.abs(taken)
    restarts = _within(fell.astype(np.float64), begin, end)
    return total, rounding.added(total, magnitude, restarts + 1, whole=bool(rounding.whole(values).all()))


def _within(between: Numbers, begin: Places, end: Places) -> Numbers:
    """The sum of what lies between the samples of each window."""
    behind = np.concatenate([[0.0], between])
    total = reduced(behind, np.minimum(begin + 1, len(behind)), end, np.add)
    return np.where(end - begin > 1, total, 0.0)


def _factor(
    found: Samples, query: Query, window: tuple[Places, Places], grown: Numbers, engine: Engine
) -> NDArray[np.float64]:
    """How much longer than the samples the window is taken to be: up to 1.1 of their distance at each side."""
    begin, end = window
    times = found.times.astype(np.float64)
    first, final = at(times, begin), at(times, end - 1)
    sampled = (final - first) / 1000
    average = sampled / (end - begin - 1)
    to_start = (first - (query.points - query.window)) / 1000
    to_end = (query.points - final) / 1000
    start_value = at(found.values, begin)
    to_zero = np.where((grown > 0) & (start_value >= 0), sampled * (start_value / grown), np.inf)
    if engine.clamps_first:
        to_start = _near(np.minimum(to_start, to_zero), average)
    else:
        to_start = np.minimum(_near(to_start, average), to_zero)
    return (sampled + to_start + _near(to_end, average)) / sampled


def _near(distance: NDArray[np.float64], average: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distance, if about one sample fits in; else half of what lies between two samples."""
    return np.where(distance < average * 1.1, distance, average / 2)
