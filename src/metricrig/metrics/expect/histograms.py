"""Quantiles of histograms: what engines interpolate, and where the truth lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.expect import buckets, grouping
from metricrig.metrics.expect.intervals import Interval
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.distributions import Histogram
from metricrig.metrics.timeline.rows import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.grouping import Row
    from metricrig.metrics.expect.query import ExpectedValues, Query
_LE = "le"


def require_histograms(several: Sequence[object]) -> None:
    """Refuse what has no buckets."""
    wrong = [each for each in several if not isinstance(each, Histogram)]
    if wrong:
        raise UsageError(f"{wrong[0]!r} is no histogram, such as grid.histogram(...)")


def require_alike(histograms: Sequence[Histogram]) -> None:
    """Refuse different bounds: what an engine makes of their sum is an accident."""
    bounds = {each.bounds for each in histograms}
    if len(bounds) != 1:
        raise UsageError(f"histogram_quantile of histograms with different buckets is not computed: {sorted(bounds)}")


def require_computed(q: float, engine: Engine) -> None:
    """Refuse what versions of VictoriaMetrics before 1.124 answer even where there are no buckets: infinity."""
    if not engine.is_prometheus and not 0 <= q <= 1:
        raise UsageError(f"histogram_quantile({q}, ...) of VictoriaMetrics is not computed: a share from 0 to 1 is")


def function(of: str, window: object) -> str:
    """The function whose buckets are looked at."""
    if of not in {"rate", "increase"}:
        raise UsageError(f'of={of!r}: "rate" or "increase"')
    return "last" if window is None else of


def quantiles(q: float, rows: Sequence[Row], by: tuple[str, ...] | None, engine: Engine) -> list[Row]:
    """The quantile of each group of buckets."""
    if by is None:
        by = tuple(sorted({name for labels, _ in rows for name in labels} - {NAME, _LE}))
    groups: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for labels, answer in grouping.summed(rows, (*by, _LE), engine):
        key = tuple((name, value) for name, value in labels.items() if name != _LE)
        groups.setdefault(key, []).append((labels, answer))
    return [(dict(key), _quantile(q, several, engine)) for key, several in groups.items()]


def _quantile(q: float, rows: list[Row], engine: Engine) -> ExpectedValues:
    rows = sorted(rows, key=lambda row: float(row[0][_LE]))
    bounds = np.array([float(labels[_LE]) for labels, _ in rows])
    return buckets.quantile(q, bounds, [answer for _, answer in rows], engine)


def true_quantiles(
    q: float, histogram: Histogram, rows: Sequence[Row], asked: Query, engine: Engine
) -> dict[float, Interval]:
    """Of what was observed between the scrapes that the window counts, the value at that rank, and its bucket.

    Points where the engine's buckets are not in proportion to what was observed are left out: Prometheus looks for
    the zero of each bucket by itself, and so extrapolates a young bucket less than its neighbours.
    """
    values, seen = histogram.observed()
    times, bounds = histogram.clock.times(), np.array(histogram.bounds)
    counted = np.stack([np.where(answer.there, answer.values, 0.0) for _, answer in rows])
    found: dict[float, Interval] = {}
    for index, point in enumerate(asked.points.tolist()):
        first, final = _counted(times, point, asked.window, engine)
        inside = values[(seen > first) & (seen <= final)]
        known = (inside[:, None] <= bounds).sum(axis=0)
        if inside.size and _proportional(counted[:, index], known):
            truth = float(np.quantile(inside, q, method="inverted_cdf"))
            found[point / 1000] = _interval(truth, histogram.bounds, engine)
    return found


def require_whole(q: float, histogram: Histogram) -> None:
    """Refuse what has no simple truth: engines see neither what a restart took nor what a gap hid."""
    if not 0 < q <= 1:
        raise UsageError(f"q={q}: a share above 0, up to 1")
    if not histogram.whole or len(histogram.emitted()) != 1:
        raise UsageError("the true quantile is not computed for a histogram with gaps, restarts or children")


def _proportional(counted: NDArray[np.float64], known: NDArray[np.int64]) -> bool:
    share = counted[-1] / known[-1]
    return bool(share > 0 and np.allclose(counted, known * share, rtol=1e-9, atol=0))


def _counted(times: NDArray[np.int64], point: int, window: int, engine: Engine) -> tuple[int, int]:
    """After which scrape the window begins to count, and with which it ends."""
    final = int(np.searchsorted(times, point, side="right")) - 1
    if not window:
        return -1, final
    side = "left" if engine.left_closed else "right"
    first = int(np.searchsorted(times, point - window, side=side))  # type: ignore[call-overload]
    # VictoriaMetrics counts from the scrape before the window, Prometheus from the first inside.
    return (first if engine.is_prometheus else first - 1), final


def _interval(truth: float, bounds: Sequence[float], engine: Engine) -> Interval:
    """The bucket. The first has no lower bound: VictoriaMetrics takes it to begin, or to end, at 0."""
    index = int(np.searchsorted(np.array(bounds), truth, side="left"))
    if index:
        return Interval(bounds[index - 1], bounds[index], truth)
    high = bounds[0] if engine.is_prometheus else max(bounds[0], 0.0)
    return Interval(min(0.0, truth, bounds[0]), high, truth)
