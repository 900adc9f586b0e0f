"""The right answers to queries for the series of a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from metricrig._core.errors import UsageError
from metricrig.metrics.expect import grouping, histograms, prometheus, rounding, victoriametrics
from metricrig.metrics.expect.engine import chosen
from metricrig.metrics.expect.intervals import Intervals
from metricrig.metrics.expect.query import query, samples
from metricrig.metrics.expect.results import expected
from metricrig.metrics.timeline.series_names import require_distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.grouping import By, Row
    from metricrig.metrics.expect.intervals import Interval
    from metricrig.metrics.expect.query import ExpectedValues, Query, QueryTimes, Samples, SeriesGroup
    from metricrig.metrics.expect.results import Expected
    from metricrig.metrics.timeline.clock import Clock
    from metricrig.metrics.timeline.distributions import Histogram

    Wanted = SeriesGroup | Sequence[SeriesGroup]
    Window = str | float


class Expect:
    """Computes what an engine answers. Give it the series that the query's selector matches, all of them.

    Which engine, is what the answer says that is compared with it; ``on``, or ``engine=``, chooses one.

    Without ``by`` a function answers for each series; with it, for the sum of those that share these labels:
    ``by="status"`` is ``sum by (status) (...)``, ``by=()`` is ``sum(...)``.
    """

    def __init__(self, clock: Clock, labels: Mapping[str, str], engine: Engine | str | None = None) -> None:
        self.clock = clock
        self.labels = labels
        self.engine = chosen(engine)

    def on(self, engine: Engine | str) -> Expect:
        """The same for this engine, whoever answers."""
        return Expect(self.clock, self.labels, engine)

    def increase(self, series: Wanted, window: Window, *, by: By = None, **when: Unpack[QueryTimes]) -> Expected:
        """``increase(series[window])``."""
        return self._function("increase", series, window, by, when)

    def rate(self, series: Wanted, window: Window, *, by: By = None, **when: Unpack[QueryTimes]) -> Expected:
        """``rate(series[window])``."""
        return self._function("rate", series, window, by, when)

    def max_over_time(self, series: Wanted, window: Window, **when: Unpack[QueryTimes]) -> Expected:
        """``max_over_time(series[window])``."""
        return self._extreme("highest", series, window, when)

    def min_over_time(self, series: Wanted, window: Window, **when: Unpack[QueryTimes]) -> Expected:
        """``min_over_time(series[window])``."""
        return self._extreme("lowest", series, window, when)

    def last(self, series: Wanted, **when: Unpack[QueryTimes]) -> Expected:
        """A bare selector, ``series``: its value at each point."""
        return self._asked("last", series, None, when, lambda rows, _: rows)

    def sum(self, series: Wanted, by: By = (), **when: Unpack[QueryTimes]) -> Expected:
        """``sum by (...) (series)``."""
        names = grouping.names(by)
        return self._asked("last", series, None, when, lambda rows, engine: grouping.summed(rows, names, engine))

    def avg(self, series: Wanted, by: By = (), **when: Unpack[QueryTimes]) -> Expected:
        """``avg by (...) (series)``."""
        names = grouping.names(by)
        return self._asked(
            "last", series, None, when, lambda rows, engine: _divided(grouping.averaged(rows, names, engine))
        )

    def histogram_quantile(
        self,
        q: float,
        histogram: Histogram | Sequence[Histogram],
        *,
        window: Window | None = None,
        by: By = None,
        of: str = "rate",
        **when: Unpack[QueryTimes],
    ) -> Expected:
        """``histogram_quantile(q, sum by (le, ...) (rate(histogram_bucket[window])))``, as the engine interpolates.

        ``of`` may be ``"increase"``; without a window it is of the buckets as they are.
        """
        several = _listed(histogram)
        histograms.require_histograms(several)
        histograms.require_alike(several)
        buckets = [each.part("_bucket") for each in several]
        names = None if by is None else grouping.names(by)

        def quantiles(rows: list[Row], engine: Engine) -> list[Row]:
            histograms.require_computed(q, engine)
            return histograms.quantiles(q, rows, names, engine)

        return self._asked(histograms.function(of, window), buckets, window, when, quantiles)

    def quantile(
        self, q: float, histogram: Histogram, *, window: Window | None = None, **when: Unpack[QueryTimes]
    ) -> Intervals:
        """Between which bounds the true quantile of what was observed lies, at each point: the best buckets can say."""
        histograms.require_histograms([histogram])
        histograms.require_whole(q, histogram)
        name, asked = histograms.function("rate", window), query(self.clock, window, when)
        found = self._found(histogram.buckets)

        def intervals(engine: Engine) -> Mapping[float, Interval]:
            return histograms.true_quantiles(q, histogram, _rolled(name, found, asked, engine), asked, engine)

        return Intervals(intervals, chosen(when.get("engine", self.engine)))

    def _function(self, name: str, series: Wanted, window: Window, by: By, when: QueryTimes) -> Expected:
        """Of each series without its name, or summed up."""
        _require(window, name)
        names = None if by is None else grouping.names(by)

        def become(rows: list[Row], engine: Engine) -> list[Row]:
            found = grouping.unnamed(rows) if names is None else grouping.summed(rows, names, engine)
            return _divided(found) if name == "rate" or engine.is_prometheus else found

        return self._asked(name, series, window, when, become, apart=by is None)

    def _extreme(self, name: str, series: Wanted, window: Window, when: QueryTimes) -> Expected:
        _require(window, name)
        # VictoriaMetrics keeps the name: it is still a value of that metric.
        return self._asked(
            name,
            series,
            window,
            when,
            lambda rows, engine: grouping.unnamed(rows) if engine.is_prometheus else rows,
            apart=True,
        )

    def _asked(
        self,
        name: str,
        series: Wanted,
        window: Window | None,
        when: QueryTimes,
        become: Callable[[list[Row], Engine], Sequence[Row]],
        *,
        apart: bool = False,
    ) -> Expected:
        """What becomes of each series' own answer, as soon as the engine is known."""
        asked, found = query(self.clock, window, when), self._found(series)
        if apart:
            grouping.require_distinct(each.labels for each in found)
        engine = chosen(when.get("engine", self.engine))
        return expected(asked, lambda engine: become(_rolled(name, found, asked, engine), engine), engine)

    def _found(self, series: Any) -> list[Samples]:
        """As it is now: what is told to the series later does not change an expectation."""
        for each in (several := _listed(series)):
            if not hasattr(each, "emitted"):
                raise UsageError(f"{each!r} is no series: give what grid.counter(...) returned, or a list of such")
        emitted = [rows for each in several for rows in each.emitted()]
        found = list(samples(emitted, self.labels))
        require_distinct(each.labels for each in found)
        return found


def _rolled(name: str, found: Sequence[Samples], asked: Query, engine: Engine) -> list[Row]:
    """Each series' own answer."""
    roll: Callable[[Samples, Query, Engine], ExpectedValues] = getattr(
        prometheus if engine.is_prometheus else victoriametrics, name
    )
    if not engine.is_prometheus:
        found = [victoriametrics.stored(each) for each in found]
        victoriametrics.require_found(found, asked)
    return [(each.labels, roll(each, asked, engine)) for each in found]


def _divided(rows: Sequence[Row]) -> list[Row]:
    """With room for the last bits of quotients."""
    return [(labels, answer.wider(rounding.last_bits(answer.values))) for labels, answer in rows]


def _listed(series: Any) -> list[Any]:
    return list(series) if isinstance(series, Sequence) and not isinstance(series, str) else [series]


def _require(window: object, name: str) -> None:
    if window is None:
        raise UsageError(f'{name} needs a window, such as "1m"')
