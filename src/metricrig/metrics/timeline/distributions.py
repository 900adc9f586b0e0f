"""Histograms and summaries: observations, and the series that a process makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Never, Self

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.accumulation import accumulated, scrape_of
from metricrig.metrics.timeline.block import Block
from metricrig.metrics.timeline.clock import numbers, offset, offsets
from metricrig.metrics.timeline.rows import NAME, ScrapedSeries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from metricrig.metrics.timeline.clock import Clock


class ObservedSeries(ScrapedSeries):
    """What histograms and summaries share: observations, restarts, a sum and a count."""

    def __init__(self, clock: Clock, labels: Sequence[Mapping[str, str]]) -> None:
        super().__init__(clock, labels)
        self._observations: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        self._resets: list[float] = []

    def observe(self, value: float, *more: Never, at: float | None = None) -> Self:
        """Observe a value at that many seconds from the grid's start."""
        if more or at is None:
            when = repr(more[0]) if more else "10"
            raise UsageError(f"observe({value!r}...): when? Write observe({value!r}, at={when})")
        return self.observe_many([value], at=[at])

    def observe_many(self, values: ArrayLike, *, at: ArrayLike) -> Self:
        """Observe many at once; ``at`` is one moment for all of them, or one for each."""
        observed = numbers(values, "values").ravel()
        if np.isnan(observed).any():
            raise UsageError("observe: NaN lies in no bucket, and would make the sum NaN for ever; leave it out")
        moments = offsets(at, "at")
        if moments.ndim and moments.size != observed.size:
            raise UsageError(f"observe_many: {observed.size} values at {moments.size} moments")
        self._observations.append((observed, np.broadcast_to(moments.ravel(), observed.shape)))
        return self._touched()

    def reset(self, at: float) -> Self:
        """The process restarts: what was observed before is gone, what is observed at that moment is not."""
        self._resets.append(offset(at, "at"))
        return self._touched()

    def observed(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """All values, and the scrape that is the first to see each."""
        numbers, moments = self.observations()
        return numbers, scrape_of(self.clock, moments)

    def observations(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """All values, and the moment of each."""
        if not self._observations:
            return np.zeros(0), np.zeros(0)
        values, moments = zip(*self._observations, strict=True)
        return np.concatenate(values), np.concatenate(moments)

    @property
    def buckets(self) -> HistogramPart:
        """Its ``_bucket``."""
        return self.part("_bucket")

    @property
    def whole(self) -> bool:
        """Whether every scrape finds it, and it never restarts."""
        return not (self._resets or self._absences.gaps or self._absences.ends)

    def part(self, suffix: str) -> HistogramPart:
        """Only its ``_bucket``, ``_sum`` or ``_count``."""
        return HistogramPart(self, suffix)

    @property
    def sum(self) -> HistogramPart:
        """Its ``_sum``."""
        return self.part("_sum")

    @property
    def count(self) -> HistogramPart:
        """Its ``_count``."""
        return self.part("_count")

    def _sums(self) -> NDArray[np.float64]:
        """The sum and the count, a row each."""
        values, moments = self.observations()
        rows = np.repeat(np.arange(2, dtype=np.int64), len(values))
        amounts = np.concatenate([values, np.ones(len(values))])
        return accumulated(self.clock, np.tile(moments, 2), rows, amounts, count=2, resets=self._resets)

    def _suffixed(self, suffix: str, **more: str) -> dict[str, str]:
        labels = self.series[0]
        return {**labels, NAME: labels[NAME] + suffix, **more}


class Histogram(ObservedSeries):
    """A classic histogram: ``_bucket`` with ``le``, ``_sum`` and ``_count``."""

    kind = "histogram"

    def __init__(self, clock: Clock, labels: Sequence[Mapping[str, str]], bounds: Sequence[float]) -> None:
        super().__init__(clock, labels)
        self.bounds = tuple(bounds)

    def rows(self) -> Sequence[Mapping[str, str]]:
        """The buckets from low to high, then the sum and the count."""
        buckets = [self._suffixed("_bucket", le=written(bound)) for bound in self.bounds]
        return [*buckets, self._suffixed("_sum"), self._suffixed("_count")]

    def values(self) -> NDArray[np.float64]:
        """Buckets count what is at or under their bound."""
        values, moments = self.observations()
        bucket = np.searchsorted(np.array(self.bounds), values, side="left").astype(np.int64)
        counts = accumulated(
            self.clock, moments, bucket, np.ones(len(values)), count=len(self.bounds), resets=self._resets
        )
        return np.concatenate([np.cumsum(counts, axis=0), self._sums()])

    def _child(self, labels: Mapping[str, str]) -> Self:
        return type(self)(self.clock, [labels], self.bounds)


class Summary(ObservedSeries):
    """A summary: its quantiles are those of all observations since the last restart, NaN while there are none."""

    kind = "summary"

    def __init__(self, clock: Clock, labels: Sequence[Mapping[str, str]], quantiles: Sequence[float]) -> None:
        super().__init__(clock, labels)
        self.quantiles = tuple(quantiles)
        if not all(0 <= each <= 1 for each in self.quantiles):
            raise UsageError(f"quantiles={list(quantiles)}: shares from 0 to 1, such as 0.9")

    def rows(self) -> Sequence[Mapping[str, str]]:
        """The quantiles, then the sum and the count."""
        name = self.series[0][NAME]
        each = [{**self._suffixed("", quantile=written(q)), NAME: name} for q in self.quantiles]
        return [*each, self._suffixed("_sum"), self._suffixed("_count")]

    def values(self) -> NDArray[np.float64]:
        """Each quantile is a value that was observed: the first at or under which that share lies."""
        values, seen = self.observed()
        moments = self.observations()[1]
        result = np.full((len(self.quantiles), self.clock.steps), np.nan)
        begins = np.array([-np.inf, *sorted(self._resets)])
        run = begins[np.searchsorted(begins, self.clock.offsets(), side="right") - 1]
        for step in range(self.clock.steps):
            now = values[(seen <= step) & (moments >= run[step])]
            if now.size:
                result[:, step] = np.quantile(now, self.quantiles, method="inverted_cdf")
        return np.concatenate([result, self._sums()])

    def _child(self, labels: Mapping[str, str]) -> Self:
        return type(self)(self.clock, [labels], self.quantiles)


class HistogramPart:
    """Some of the series of a histogram or summary, to be asked for."""

    def __init__(self, whole: ObservedSeries, suffix: str) -> None:
        self._whole = whole
        self._suffix = suffix

    def emitted(self) -> list[HistogramPart]:
        """The same of each child."""
        return [HistogramPart(each, self._suffix) for each in self._whole.emitted()]

    def block(self, extra: Mapping[str, str]) -> Block:
        """These rows of the block."""
        block = self._whole.block(extra)
        name = self._whole.series[0][NAME] + self._suffix
        chosen = [index for index, labels in enumerate(block.labels) if labels[NAME] == name]
        labels = [block.labels[index] for index in chosen]
        return Block(labels, block.times, block.values[chosen], block.present[chosen])


def bounds(buckets: Any) -> tuple[float, ...]:
    """The bounds with infinity, which every histogram has."""
    several = list(buckets) if isinstance(buckets, Sequence | np.ndarray) else []
    numbers = all(isinstance(each, int | float) for each in several)
    if not several or not numbers or not all(low < high for low, high in pairwise(several)):
        raise UsageError(f"buckets={buckets!r} must be rising upper bounds, such as [0.1, 0.5, 1]")
    return tuple(float(each) for each in several) + (() if several[-1] == float("inf") else (float("inf"),))


def written(bound: float) -> str:
    """A bound as clients write it: ``0.5``, ``1.0``, ``+Inf``."""
    return "+Inf" if bound == float("inf") else repr(float(bound))
