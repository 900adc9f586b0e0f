"""``histogram_quantile`` over classic buckets, as each engine computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.metrics.expect import rounding
from metricrig.metrics.expect.query import ExpectedValues
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.query import Mask, Numbers

    Table = NDArray[np.float64]

_BUCKETS = 2
_SMALL_DELTA = 1e-12
# Products, quotients and a sum of what is between two bounds.
_INTERPOLATING = 16 * rounding.UNIT


def quantile(q: float, bounds: Numbers, buckets: Sequence[ExpectedValues], engine: Engine) -> ExpectedValues:
    """The quantile of cumulative counts, of the rising bounds of which the last one is infinite.

    VictoriaMetrics leaves out what Prometheus calls NaN. Where the counts are not certain, a rank that is as little
    certain lies in one bucket or in another: there is room for all that lies between.
    """
    counts, there = _mended(np.stack([each.values for each in buckets]), engine), buckets[-1].there
    unsure = 2 * np.stack([np.maximum(each.below, each.above) for each in buckets]).max(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, rounded = _interpolated(q, bounds, counts, engine, np.zeros(len(unsure)))
        low, high = value, value
        if unsure.any():
            low, high = (_interpolated(q, bounds, counts, engine, shift)[0] for shift in (-unsure, unsure))
            low, high = np.fmin(low, value), np.fmax(high, value)
    empty = (counts[-1] == 0) | (len(bounds) < _BUCKETS)
    if engine.is_prometheus:
        value = _outside(q, np.where(empty, np.nan, value))
    else:
        value = np.where(empty, np.nan, _outside(q, value))
        there = there & ~np.isnan(value)
    sure = np.isfinite(value) & (0 <= q <= 1)
    below, above = (
        np.where(sure, rounding.finite(room), 0.0) for room in (value - low + rounded, high - value + rounded)
    )
    return ExpectedValues(value, there, below, above)


def _mended(counts: Table, engine: Engine) -> Table:
    """Cumulative counts never fall from bucket to bucket; older VictoriaMetrics lowers the lower, all others lift."""
    if engine.ignores_small_deltas:
        return _without_small_deltas(counts)
    if engine.is_prometheus or engine.raises_buckets:
        return np.maximum.accumulate(counts, axis=0)
    return np.minimum.accumulate(counts[::-1], axis=0)[::-1]


def _without_small_deltas(counts: Table) -> Table:
    mended = [counts[0]]
    for row in counts[1:]:
        before = mended[-1]
        with np.errstate(invalid="ignore"):
            more = (row > before) & ~(np.abs(row - before) < _SMALL_DELTA * (np.abs(row) + np.abs(before)))
        mended.append(np.where(more, row, before))
    return np.stack(mended)


def _outside(q: float, value: Numbers) -> Numbers:
    if 0 <= q <= 1:
        return value
    return np.full_like(value, -np.inf if q < 0 else np.inf)


def _interpolated(q: float, bounds: Numbers, counts: Table, engine: Engine, shift: Numbers) -> tuple[Numbers, Numbers]:
    """The value at the rank that lies so much beside q's, and how much interpolating may be off."""
    columns = np.arange(counts.shape[1])
    rank = np.clip(q * counts[-1] + shift, 0, counts[-1]) if shift.any() else q * counts[-1]
    reached: Mask = counts >= rank
    if not engine.is_prometheus:
        reached &= counts > 0  # it passes over empty buckets
    bucket = np.argmax(reached, axis=0)
    below = np.maximum(bucket - 1, 0)
    low = np.where(bucket > 0, bounds[below], 0.0)
    before = np.where(bucket > 0, counts[below, columns], 0.0)
    inside = counts[bucket, columns] - before
    value = low + (bounds[bucket] - low) * ((rank - before) / inside)
    value = np.where(inside == 0, low, value) if not engine.is_prometheus else value
    if engine.is_prometheus:
        value = np.where((bucket == 0) & (bounds[0] <= 0), bounds[0], value)
    beyond = bucket == len(bounds) - 1
    rounded = np.where(beyond, 0.0, _INTERPOLATING * np.maximum(np.abs(low), np.abs(bounds[bucket])))
    return np.where(beyond, bounds[-2] if len(bounds) > 1 else np.nan, value), rounded
