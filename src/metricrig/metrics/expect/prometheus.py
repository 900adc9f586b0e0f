"""How Prometheus answers: as in its ``promql/functions.go``, checked against real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.metrics.expect.query import at, extreme
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.block import is_stale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.query import Answer, Query, Samples

# How old a sample may be that a bare selector still takes.
_LOOKBACK = 300_000


def increase(found: Samples, query: Query, engine: Engine) -> Answer:
    """From the first sample of the window to the last, extrapolated to its bounds."""
    found = found.without_stale()
    begin, end = found.within(query, left_closed=engine.left_closed)
    there = end - begin > 1
    grown = _grown(found.values, begin, end)
    with np.errstate(divide="ignore", invalid="ignore"):
        return grown * _factor(found, query, (begin, end), grown, engine), there


def rate(found: Samples, query: Query, engine: Engine) -> Answer:
    """The increase per second of the window."""
    value, there = increase(found, query, engine)
    return value / (query.window / 1000), there


def last(found: Samples, query: Query, engine: Engine) -> Answer:
    """A bare selector: the last sample, unless it is older than five minutes, or a stale marker."""
    index = np.searchsorted(found.times, query.points, side="right") - 1
    age = query.points - at(found.times.astype(np.float64), index)
    fresh = age <= _LOOKBACK if engine.left_closed else age < _LOOKBACK
    value = at(found.values, index)
    return value, (index >= 0) & fresh & ~is_stale(value)


def highest(found: Samples, query: Query, engine: Engine) -> Answer:
    """max_over_time: NaN only where there is nothing else."""
    found = found.without_stale()
    return extreme(found, *found.within(query, left_closed=engine.left_closed), np.fmax)


def lowest(found: Samples, query: Query, engine: Engine) -> Answer:
    """min_over_time."""
    found = found.without_stale()
    return extreme(found, *found.within(query, left_closed=engine.left_closed), np.fmin)


def _grown(values: NDArray[np.float64], begin: NDArray[np.intp], end: NDArray[np.intp]) -> NDArray[np.float64]:
    """Last minus first, plus all that a restart inside took."""
    if not len(values):
        return np.full(len(begin), np.nan)
    fell = values[1:] < values[:-1]
    taken = np.concatenate([[0.0], np.cumsum(np.where(fell, values[:-1], 0.0))])
    return at(values, end - 1) - at(values, begin) + (at(taken, end - 1) - at(taken, begin))


def _factor(
    found: Samples,
    query: Query,
    window: tuple[NDArray[np.intp], NDArray[np.intp]],
    grown: NDArray[np.float64],
    engine: Engine,
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
