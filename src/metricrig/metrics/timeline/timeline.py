"""A timeline: synthetic series on a scrape grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline import notation
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.block import merged
from metricrig.metrics.timeline.clock import clock
from metricrig.metrics.timeline.counter import Counter
from metricrig.metrics.timeline.distributions import Histogram, Summary, bounds
from metricrig.metrics.timeline.gauge import Gauge, GivenSeries
from metricrig.metrics.timeline.series_names import many, one, require_distinct_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from metricrig.metrics.expect import Expect
    from metricrig.metrics.timeline.block import Block
    from metricrig.metrics.timeline.clock import Clock, Length
    from metricrig.metrics.timeline.rows import ScrapedSeries
    from metricrig.metrics.timeline.series_names import Many
    from metricrig.metrics.times import Moment

S = TypeVar("S", bound="ScrapedSeries")

DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Timeline:
    """A scrape grid: from ``start`` every so often, as long as ``length``, the last scrape included.

    An event at ``t`` seconds from the start is seen by the first scrape at or after ``t``. ``labels`` are added to
    every series: ``with_labels`` makes another view of the same series, to write them several times.
    """

    def __init__(
        self,
        *,
        start: Moment,
        every: Length = "30s",
        length: Length = "5m",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self._clock = clock(start, every, length)
        self._families: list[ScrapedSeries] = []
        self._extra = dict(labels or {})

    # --- the grid

    @property
    def start(self) -> float:
        """The first scrape, in seconds since 1970."""
        return self._clock.first / 1000

    @property
    def end(self) -> float:
        """The last scrape, in seconds since 1970."""
        return self._clock.last / 1000

    @property
    def step(self) -> float:
        """Seconds from scrape to scrape."""
        return self._clock.every / 1000

    @property
    def times(self) -> NDArray[np.int64]:
        """All scrapes, in milliseconds since 1970."""
        return self._clock.times()

    @property
    def clock(self) -> Clock:
        """The grid as data."""
        return self._clock

    @property
    def extra(self) -> Mapping[str, str]:
        """The labels that every series has besides its own."""
        return self._extra

    # --- series

    def counter(self, name: str, /, **labels: object) -> Counter:
        """A counter, 0 from the start."""
        return self._keep(Counter(self._clock, [one(name, labels)]))

    def counters(self, name: str, number: Many, /, **labels: object) -> Counter:
        """Many counters at once: so many, told apart by ``series``, or one for each row of label arrays."""
        return self._keep(Counter(self._clock, many(name, number, labels)))

    def gauge(self, name: str, /, **labels: object) -> Gauge:
        """A gauge, 0 until it is set."""
        return self._keep(Gauge(self._clock, [one(name, labels)]))

    def gauges(self, name: str, number: Many, /, **labels: object) -> Gauge:
        """Many gauges at once, as with ``counters``."""
        return self._keep(Gauge(self._clock, many(name, number, labels)))

    def histogram(self, name: str, /, buckets: Sequence[float] = DEFAULT_BUCKETS, **labels: object) -> Histogram:
        """A classic histogram with these upper bounds; infinity is added."""
        return self._keep(Histogram(self._clock, [one(name, labels)], bounds(buckets)))

    def summary(self, name: str, /, quantiles: Sequence[float] = (0.5, 0.9, 0.99), **labels: object) -> Summary:
        """A summary with these quantiles."""
        return self._keep(Summary(self._clock, [one(name, labels)], quantiles))

    def series(self, text: str, values: str) -> GivenSeries:
        """A series in the notation of ``promtool test rules``: ``series('x{a="b"}', '0+10x100 _x5 stale')``."""
        numbers, present = notation.values(values)
        steps = self._clock.steps
        if len(numbers) > steps:
            raise UsageError(f"{values!r} are {len(numbers)} values, and this timeline has {steps} scrapes")
        rest = steps - len(numbers)
        row = np.concatenate([numbers, np.zeros(rest)])[None, :]
        there = np.concatenate([present, np.zeros(rest, dtype=bool)])[None, :]
        labels = notation.series(text)
        return self._keep(GivenSeries(self._clock, [one(labels.pop("__name__", ""), labels)], row, there))

    # --- what becomes of them

    def with_labels(self, **labels: object) -> Self:
        """The same series, those still to come too, with more labels."""
        view = object.__new__(type(self))
        view._clock, view._families = self._clock, self._families
        view._extra = {**self._extra, **{name: str(value) for name, value in labels.items()}}
        return view

    def blocks(self) -> list[Block]:
        """All that the scrapes read, to be written."""
        apart = [rows.block(self._extra) for family in self._families for rows in family.emitted()]
        hidden = any(self._extra.keys() & family.series[0].keys() for family in self._families)
        require_distinct_blocks(apart, replaced=hidden)
        return merged(apart)

    @property
    def expect(self) -> Expect:
        """The right answers to queries for these series."""
        from metricrig.metrics.expect import Expect  # noqa: PLC0415 - which knows timelines

        return Expect(self._clock, self._extra)

    def _keep(self, made: S) -> S:
        self._families.append(made)
        return made

    def __repr__(self) -> str:
        start = np.datetime64(self._clock.first, "ms")
        return f"<Timeline {start}Z every {self.step:g}s, {self._clock.steps} scrapes, {len(self._families)} metrics>"
