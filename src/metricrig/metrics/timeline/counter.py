"""A counter, or many: 0 from the grid's start, and only a restart takes anything from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never, Self

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.accumulation import accumulated, since_reset
from metricrig.metrics.timeline.clock import numbers, offset, offsets
from metricrig.metrics.timeline.rows import ScrapedSeries, column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from metricrig.metrics.timeline.clock import Clock

Events = tuple["NDArray[np.float64]", "NDArray[np.int64]", "NDArray[np.float64]"]


class Counter(ScrapedSeries):
    """One counter, or many. Events may be told in any order; a scrape sees what happened at or before its time."""

    kind = "counter"

    def __init__(self, clock: Clock, labels: Sequence[Mapping[str, str]]) -> None:
        super().__init__(clock, labels)
        self._events: list[Events] = []
        self._resets: list[float] = []
        self._slope = np.zeros((len(self.series), 1))

    def inc(self, at: float, *more: Never, by: ArrayLike = 1) -> Self:
        """Count ``by`` at that many seconds from the grid's start; for many series also an array, one for each."""
        if more:
            raise UsageError(
                f"inc({at}, {more[0]!r}): which is when? Write inc({at}, by={more[0]!r}): at {at} s, so much"
            )
        amounts = column(by, len(self.series), "by")[:, 0]
        if not (amounts >= 0).all():
            raise UsageError(f"inc(at={at}, by={by!r}): a counter only grows; reset(at) begins it again")
        rows = np.arange(len(self.series), dtype=np.int64)
        self._events.append((np.full(len(rows), offset(at, "at")), rows, amounts))
        return self._touched()

    def inc_many(self, at: ArrayLike, *more: Never, by: ArrayLike = 1) -> Self:
        """Count at each of these moments, in all of these series."""
        if more:
            raise UsageError("inc_many(moments, amounts): which is when? Write inc_many(moments, by=amounts)")
        moments = offsets(at, "at").ravel()
        amounts = np.broadcast_to(numbers(by, "by"), moments.shape)
        if not (amounts >= 0).all():
            raise UsageError("inc_many: a counter only grows; reset(at) begins it again")
        count = len(self.series)
        rows = np.repeat(np.arange(count, dtype=np.int64), len(moments))
        self._events.append((np.tile(moments, count), rows, np.tile(amounts, count)))
        return self._touched()

    def rate(self, per_second: ArrayLike) -> Self:
        """Grow steadily, one number or one for each series."""
        slope = column(per_second, len(self.series), "per_second")
        if (slope < 0).any():
            raise UsageError("rate: a counter only grows")
        self._slope = self._slope + slope
        return self._touched()

    def noise(self, *, seed: int, per_second: ArrayLike) -> Self:
        """Grow by chance, as many events as a Poisson process of this rate brings; the seed decides."""
        mean = column(per_second, len(self.series), "per_second") * self.clock.every / 1000
        counts = np.random.default_rng(seed).poisson(mean, (len(self.series), self.clock.steps)).astype(np.float64)
        counts[:, 0] = 0
        rows, steps = np.nonzero(counts)
        moments = self.clock.offsets()[steps]
        self._events.append((moments, rows.astype(np.int64), counts[rows, steps]))
        return self._touched()

    def reset(self, at: float) -> Self:
        """The process restarts: what was counted before is gone, what is counted at that moment is not."""
        self._resets.append(offset(at, "at"))
        return self._touched()

    def values(self) -> NDArray[np.float64]:
        """What was counted since the last restart."""
        steady = self._slope * since_reset(self.clock, self._resets)
        if not self._events:
            return steady
        moments, rows, amounts = (np.concatenate(parts) for parts in zip(*self._events, strict=True))
        counted = accumulated(self.clock, moments, rows, amounts, count=len(self.series), resets=self._resets)
        return counted + steady if self._slope.any() else counted
