"""How VictoriaMetrics answers: as in its ``app/vmselect/promql/rollup.go``, checked against real ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.expect.query import at, extreme
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.query import Answer, Query, Samples

# How far before the window it reads, to find a previous value.
_SILENCE = 300_000
# It looks for the scrape interval among so many distances of samples.
_INTERVALS = 20
_DAY = 86_400_000


def require_found(several: Sequence[Samples], query: Query) -> None:
    """Refuse what depends on how its index of days is read, not on the data."""
    last = query.points[-1]
    if last % _DAY == 0 and any(len(each.times) and each.times[0] == last for each in several):
        raise UsageError(
            "VictoriaMetrics does not find a series that begins at midnight UTC, if the query ends at that moment\n"
            "  what to do: begin the timeline a little earlier, or ask a little later"
        )


def increase(found: Samples, query: Query, engine: Engine) -> Answer:
    """The last value minus the one before the window; a series that begins small is taken to begin at 0."""
    found, longest = _prepared(found.without_stale(), query, engine)
    values = _without_resets(found.values, engine)
    begin, end = found.within(query)
    has_previous, filled = _previous(found, query, begin, longest), end > begin
    last, before = at(values, end - 1), at(values, begin - 1)
    first_known = np.where(begin > 0, before, _born(values))
    result = np.where(filled, last - first_known, 0.0)
    return result, filled | has_previous


def rate(found: Samples, query: Query, engine: Engine) -> Answer:
    """The increase over the time that its own samples took; one sample alone has none."""
    found, longest = _prepared(found.without_stale(), query, engine)
    if engine.widens_rate:
        query = _wider(query, longest)
    values, milliseconds = _without_resets(found.values, engine), found.times.astype(np.float64)
    begin, end = found.within(query)
    has_previous, filled = _previous(found, query, begin, longest), end > begin
    start = np.where(has_previous, begin - 1, begin)
    took = (at(milliseconds, end - 1) - at(milliseconds, start)) / 1000
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (at(values, end - 1) - at(values, start)) / took
    return np.where(filled, slope, 0.0), has_previous | (end - begin > 1)


def last(found: Samples, query: Query, engine: Engine) -> Answer:
    """A bare selector: the last sample within the step, or within the scrape interval if that is longer."""
    found, longest = _prepared(found, query, engine)
    begin, end = found.within(_wider(query, longest))
    value = at(found.values, end - 1)
    return value, (end > begin) & ~np.isnan(value)  # only a stale marker is NaN here


def highest(found: Samples, query: Query, _: Engine) -> Answer:
    """max_over_time."""
    found = found.without_stale()
    return extreme(found, *found.within(query), np.maximum)


def lowest(found: Samples, query: Query, _: Engine) -> Answer:
    """min_over_time."""
    found = found.without_stale()
    return extreme(found, *found.within(query), np.minimum)


def _prepared(found: Samples, query: Query, engine: Engine) -> tuple[Samples, int]:
    """What it reads for the whole query, and how old a previous value may be."""
    earliest = query.points[0] - _SILENCE - max(query.window, query.step)
    read = found.where((found.times >= earliest) & (found.times <= query.points[-1]))
    if query.instant and engine.instant_by_step:
        return read, query.step
    return read, _lengthened(_scrape_interval(read.times, query.step, engine))


def _scrape_interval(times: NDArray[np.int64], step: int, engine: Engine) -> int:
    intervals = np.diff(times)
    if not len(intervals):
        return step
    seen = intervals[-_INTERVALS:] if engine.newest_intervals else intervals[:_INTERVALS]
    return _quantile(np.sort(seen).astype(np.float64)) or step


def _quantile(ordered: NDArray[np.float64]) -> int:
    """The 0.6 quantile, in the very arithmetic of the engine: it is cut to a whole number."""
    rank = 0.6 * (len(ordered) - 1)
    low = int(rank)
    weight = rank - low
    return int(ordered[low] * (1 - weight) + ordered[min(low + 1, len(ordered) - 1)] * weight)


def _lengthened(interval: int) -> int:
    """Short intervals jitter more, in proportion."""
    for limit, divisor in ((2000, 0.25), (4000, 0.5), (8000, 1), (16000, 2), (32000, 4)):
        if interval <= limit:
            return interval + int(interval // divisor)
    return interval + interval // 8


def _wider(query: Query, longest: int) -> Query:
    return replace(query, window=max(query.window or query.step, longest))


def _previous(found: Samples, query: Query, begin: NDArray[np.intp], longest: int) -> NDArray[np.bool_]:
    """Whether there is a value before the window that is not too old. After a series' last sample there is none."""
    oldest = query.points - query.window - longest
    inside = (begin > 0) & (begin < len(found.times))
    return inside & (at(found.times.astype(np.float64), begin - 1) > oldest)


def _born(values: NDArray[np.float64]) -> float:
    """What a series is taken to have been before its first sample."""
    if not len(values):
        return 0.0
    step = abs(values[1] - values[0]) if len(values) > 1 else 0.0
    return 0.0 if abs(values[0]) < 10 * (step + 1) else float(values[0])


def _without_resets(values: NDArray[np.float64], engine: Engine) -> NDArray[np.float64]:
    """Add what restarts took; a small drop is taken for a partial restart, and just evened out."""
    if not len(values):
        return values
    fell, before = -np.diff(values), values[:-1]
    with np.errstate(invalid="ignore"):
        taken = np.where(fell > 0, np.where(fell * 8 < before, fell, before), 0.0)
    whole = values + np.concatenate([np.zeros(1), np.cumsum(taken)])
    return np.maximum.accumulate(whole) if engine.never_falls else whole
