"""``histogram_quantile`` over classic buckets, as each engine computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.query import Answer

    Table = NDArray[np.float64]

_BUCKETS = 2


def quantile(q: float, bounds: Table, counts: Table, there: NDArray[np.bool_], engine: Engine) -> Answer:
    """For each column of cumulative counts (rows are the rising bounds, the last one infinite), the quantile.

    VictoriaMetrics leaves out what Prometheus calls NaN.
    """
    mended = _mended(counts, engine)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = _interpolated(q, bounds, mended, engine)
    empty = (mended[-1] == 0) | (len(bounds) < _BUCKETS)
    value = np.where(empty, np.nan, value)
    if engine.is_prometheus:
        return _outside(q, value), there
    value = np.where(empty, np.nan, _outside(q, value))
    return value, there & ~np.isnan(value)


def _mended(counts: Table, engine: Engine) -> Table:
    """Cumulative counts never fall from bucket to bucket; older VictoriaMetrics lowers the lower, all others lift."""
    if engine.is_prometheus or engine.raises_buckets:
        return np.maximum.accumulate(counts, axis=0)
    return np.minimum.accumulate(counts[::-1], axis=0)[::-1]


def _outside(q: float, value: Table) -> Table:
    if 0 <= q <= 1:
        return value
    return np.full_like(value, -np.inf if q < 0 else np.inf)


def _interpolated(q: float, bounds: Table, counts: Table, engine: Engine) -> Table:
    columns = np.arange(counts.shape[1])
    rank = q * counts[-1]
    reached = counts >= rank
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
    return np.where(bucket == len(bounds) - 1, bounds[-2] if len(bounds) > 1 else np.nan, value)
