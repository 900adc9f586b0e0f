"""The right answers to queries for the series of a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from metricrig.metrics.expect import grouping, histograms, prometheus, results, victoriametrics
from metricrig.metrics.expect.asking import query
from metricrig.metrics.expect.engine import chosen
from metricrig.metrics.expect.intervals import Intervals
from metricrig.metrics.expect.query import samples
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metricrig.metrics.expect.asking import When
    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.grouping import By, Row
    from metricrig.metrics.expect.query import Emits, Query, Samples
    from metricrig.metrics.expect.results import Expected
    from metricrig.metrics.timeline.clock import Clock
    from metricrig.metrics.timeline.distribution import Histogram

    Wanted = Emits | Sequence[Emits]
    Window = str | float


class Expect:
    """Computes what an engine answers. Give it the series that the query's selector matches, all of them.

    Without ``by`` a function answers for each series; with it, for the sum of those that share these labels:
    ``by="status"`` is ``sum by (status) (...)``, ``by=()`` is ``sum(...)``.
    """

    def __init__(self, clock: Clock, labels: Mapping[str, str], engine: Engine | str = "victoriametrics") -> None:
        self.clock = clock
        self.labels = labels
        self.engine = chosen(engine)

    def on(self, engine: Engine | str) -> Expect:
        """The same for another engine."""
        return Expect(self.clock, self.labels, engine)

    def increase(self, series: Wanted, window: Window, *, by: By = None, **when: Unpack[When]) -> Expected:
        """``increase(series[window])``."""
        return self._function("increase", series, window, by, when)

    def rate(self, series: Wanted, window: Window, *, by: By = None, **when: Unpack[When]) -> Expected:
        """``rate(series[window])``."""
        return self._function("rate", series, window, by, when)

    def max_over_time(self, series: Wanted, window: Window, **when: Unpack[When]) -> Expected:
        """``max_over_time(series[window])``."""
        return self._extreme("highest", series, window, when)

    def min_over_time(self, series: Wanted, window: Window, **when: Unpack[When]) -> Expected:
        """``min_over_time(series[window])``."""
        return self._extreme("lowest", series, window, when)

    def last(self, series: Wanted, **when: Unpack[When]) -> Expected:
        """A bare selector, ``series``: its value at each point."""
        _, asked, rows, lost = self._rolled("last", series, None, when)
        return _answer(rows, asked, lost)

    def sum(self, series: Wanted, by: By = (), **when: Unpack[When]) -> Expected:
        """``sum by (...) (series)``."""
        _, asked, rows, lost = self._rolled("last", series, None, when)
        return _answer(grouping.summed(rows, grouping.names(by)), asked, lost)

    def avg(self, series: Wanted, by: By = (), **when: Unpack[When]) -> Expected:
        """``avg by (...) (series)``."""
        _, asked, rows, lost = self._rolled("last", series, None, when)
        return _answer(grouping.averaged(rows, grouping.names(by)), asked, lost)

    def histogram_quantile(
        self,
        q: float,
        histogram: Histogram | Sequence[Histogram],
        *,
        window: Window | None = None,
        by: By = None,
        of: str = "rate",
        **when: Unpack[When],
    ) -> Expected:
        """``histogram_quantile(q, sum by (le, ...) (rate(histogram_bucket[window])))``, as the engine interpolates.

        ``of`` may be ``"increase"``; without a window it is of the buckets as they are.
        """
        several = _listed(histogram)
        histograms.require_alike(several)
        buckets = [each.part("_bucket") for each in several]
        engine, asked, rows, _ = self._rolled(histograms.function(of, window), buckets, window, when)
        histograms.require_computed(q, engine)
        found = histograms.quantiles(q, rows, None if by is None else grouping.names(by), engine)
        return _answer(found, asked, histograms.tolerance(several))

    def quantile(
        self, q: float, histogram: Histogram, *, window: Window | None = None, **when: Unpack[When]
    ) -> Intervals:
        """Between which bounds the true quantile of what was observed lies, at each point: the best buckets can say."""
        histograms.require_whole(q, histogram)
        name = histograms.function("rate", window)
        engine, asked, rows, _ = self._rolled(name, histogram.buckets, window, when)
        return Intervals(histograms.true_quantiles(q, histogram, rows, asked, engine))

    def _function(self, name: str, series: Wanted, window: Window, by: By, when: When) -> Expected:
        _, asked, rows, lost = self._rolled(name, series, window, when)
        if by is None:
            return _answer(grouping.unnamed(rows), asked, lost)
        return _answer(grouping.summed(rows, grouping.names(by)), asked, lost)

    def _extreme(self, name: str, series: Wanted, window: Window, when: When) -> Expected:
        engine, asked, rows, lost = self._rolled(name, series, window, when)
        # VictoriaMetrics keeps the name: it is still a value of that metric.
        return _answer(grouping.unnamed(rows) if engine.is_prometheus else rows, asked, lost)

    def _rolled(
        self, name: str, series: Any, window: Window | None, when: When
    ) -> tuple[Engine, Query, list[Row], float]:
        """Each series' own answer, and how much of it storage may lose."""
        engine, asked = chosen(when.get("engine", self.engine)), query(self.clock, window, when)
        room = prometheus if engine.is_prometheus else victoriametrics
        emitted = [rows for each in _listed(series) for rows in each.emitted()]
        found = list(samples(emitted, self.labels, keep_nan=engine.is_prometheus))
        if not engine.is_prometheus:
            victoriametrics.require_found(found, asked)
        roll = getattr(room, name)
        rows: list[Row] = [(each.labels, roll(each, asked, engine)) for each in found]
        return engine, asked, rows, results.lost(_largest(found), is_prometheus=engine.is_prometheus)


def _answer(rows: Sequence[Row], asked: Query, lost: float) -> Expected:
    make = results.vector if asked.single else results.matrix
    return make(rows, asked, lost)


def _largest(found: Sequence[Samples]) -> float:
    finite = [np.abs(each.values[np.isfinite(each.values)]).max(initial=0.0) for each in found]
    return float(max(finite, default=0.0))


def _listed(series: Any) -> list[Any]:
    return list(series) if isinstance(series, Sequence) else [series]
