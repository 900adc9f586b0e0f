"""VictoriaMetrics's functions, as in its ``app/vmselect/promql/rollup.go``, checked against real ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.expect import decimals, rounding
from metricrig.metrics.expect.query import ExpectedValues, at, extreme
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.query import Mask, Numbers, Places, Query, Samples

# How far before the window it reads, to find a previous value.
_LONGEST_GAP_MILLISECONDS = 300_000
# It looks for the scrape interval among so many distances of samples.
_INTERVALS = 20
_DAY_MILLISECONDS = 86_400_000


def require_found(several: Sequence[Samples], query: Query) -> None:
    """Refuse what depends on how its index of days is read, not on the data."""
    last = query.points[-1]
    if last % _DAY_MILLISECONDS == 0 and any(len(each.times) and each.times[0] == last for each in several):
        raise UsageError(
            "VictoriaMetrics does not find a series that begins at midnight UTC, if the query ends at that moment\n"
            "  what to do: begin the timeline a little earlier, or ask a little later"
        )


def stored(found: Samples) -> Samples:
    """What it keeps of a series: no NaN but stale markers, and not all digits."""
    kept = found.without_nan()
    return replace(kept, lost=decimals.lost(kept.values))


def increase(found: Samples, query: Query, engine: Engine) -> ExpectedValues:
    """The last value minus the one before the window; a series that begins small is taken to begin at 0."""
    found, longest = _prepared(found.without_stale(), query, engine)
    counted = _without_resets(found, engine)
    begin, end = found.within(query)
    has_previous, filled = _previous(found, query, begin, longest), end > begin
    with np.errstate(invalid="ignore", over="ignore"):
        known = counted.from_to(begin - 1, end - 1)
        before = _born(counted.values)
        # Of what was not born here, the first value alone has not grown: not even an infinity.
        born = np.where((end == 1) & (before != 0), 0.0, at(counted.values, end - 1) - before)
    result = np.where(filled, np.where(begin > 0, known, born), 0.0)
    error = np.where(filled, counted.error(np.maximum(begin - 1, 0), end - 1), 0.0)
    return _numbers(result, filled | has_previous, error)


def rate(found: Samples, query: Query, engine: Engine) -> ExpectedValues:
    """The increase over the time that its own samples took; one sample alone has none."""
    found, longest = _prepared(found.without_stale(), query, engine)
    if engine.widens_rate:
        query = _wider(query, longest)
    counted, milliseconds = _without_resets(found, engine), found.times.astype(np.float64)
    begin, end = found.within(query)
    has_previous, filled = _previous(found, query, begin, longest), end > begin
    start = np.where(has_previous, begin - 1, begin)
    took = (at(milliseconds, end - 1) - at(milliseconds, start)) / 1000
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope, error = counted.from_to(start, end - 1) / took, counted.error(start, end - 1) / took
    return _numbers(np.where(filled, slope, 0.0), has_previous | (end - begin > 1), np.where(filled, error, 0.0))


def last(found: Samples, query: Query, engine: Engine) -> ExpectedValues:
    """A bare selector: the last sample within the step, or within the scrape interval if that is longer."""
    found, longest = _prepared(found, query, engine)
    begin, end = found.within(_wider(query, longest))
    value = at(found.values, end - 1)
    return _numbers(value, end > begin, at(found.lost, end - 1))  # only a stale marker is NaN here


def highest(found: Samples, query: Query, _: Engine) -> ExpectedValues:
    """max_over_time."""
    found = found.without_stale()
    return extreme(found, *found.within(query), np.maximum)


def lowest(found: Samples, query: Query, _: Engine) -> ExpectedValues:
    """min_over_time."""
    found = found.without_stale()
    return extreme(found, *found.within(query), np.minimum)


def _prepared(found: Samples, query: Query, engine: Engine) -> tuple[Samples, int]:
    """What it reads for the whole query, and how old a previous value may be."""
    earliest = query.points[0] - _LONGEST_GAP_MILLISECONDS - max(query.window, query.step)
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


def _previous(found: Samples, query: Query, begin: Places, longest: int) -> Mask:
    """Whether there is a value before the window that is not too old. After a series' last sample there is none."""
    oldest = query.points - query.window - longest
    inside = (begin > 0) & (begin < len(found.times))
    return inside & (at(found.times.astype(np.float64), begin - 1) > oldest)


def _born(values: Numbers) -> float:
    """What a series is taken to have been before its first sample."""
    if not len(values):
        return 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        step = abs(values[1] - values[0]) if len(values) > 1 else 0.0
    return 0.0 if abs(values[0]) < 10 * (step + 1) else float(values[0])


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """A counter as if it had never restarted: its values, what storing lost of each, and of what restarts took."""

    values: Numbers
    lost: Numbers
    carried: Numbers

    def from_to(self, first: Places, final: Places) -> Numbers:
        """By how much it grew."""
        return at(self.values, final) - at(self.values, first)

    def error(self, first: Places, final: Places) -> Numbers:
        """By how much that may be off."""
        with np.errstate(invalid="ignore", over="ignore"):
            both = at(self.lost, final) + at(self.lost, first)
            return rounding.finite(both + (at(self.carried, final) - at(self.carried, first)))


def _without_resets(found: Samples, engine: Engine) -> _Counted:
    """Add what restarts took; a small drop is taken for a partial restart, and just evened out."""
    values, lost = found.values, found.lost
    if not len(values):
        return _Counted(values, lost, lost)
    before = values[:-1]
    with np.errstate(invalid="ignore", over="ignore"):
        fell = before - values[1:]
        partial, fallen = fell * 8 < before, fell > 0
        taken = np.where(fallen, np.where(partial, fell, before), 0.0)
        whole = values + _summed(taken)
        whole = np.maximum.accumulate(whole) if engine.never_falls else whole
    if not lost.any():  # it is the same arithmetic with the same numbers
        return _Counted(whole, lost, lost)
    off = np.where(fallen, np.where(partial, lost[1:] + lost[:-1], lost[:-1]), 0.0)
    rounded = 2 * rounding.UNIT * np.abs(whole) * (1 + _summed(fallen.astype(np.float64)))
    return _Counted(whole, lost + rounding.finite(rounded), _summed(off))


def _summed(between: Numbers) -> Numbers:
    """For each sample, the sum of what lies before it."""
    return np.concatenate([np.zeros(1), np.cumsum(between)])


def _numbers(values: Numbers, there: Mask, error: Numbers) -> ExpectedValues:
    """It leaves out what is no number."""
    return ExpectedValues.around(values, there & ~np.isnan(values), rounding.finite(error))
