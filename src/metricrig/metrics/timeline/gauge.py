"""A gauge, or many: the value that was set last, plus the shapes that were added."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Never, Self

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.clock import offset
from metricrig.metrics.timeline.rows import ScrapedSeries, column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from metricrig.metrics.timeline.clock import Clock


class Gauge(ScrapedSeries):
    """One gauge, or many: 0 until set. Where two ``set`` are of the same moment, the later call counts."""

    kind = "gauge"

    def __init__(self, clock: Clock, labels: Sequence[Mapping[str, str]]) -> None:
        super().__init__(clock, labels)
        self._sets: list[tuple[float, NDArray[np.float64]]] = []
        self._shape = np.zeros((len(self.series), 1))

    def set(self, value: ArrayLike, *more: Never, at: float = 0) -> Self:
        """Hold a value from that many seconds on; for many series also an array, one for each."""
        if more:
            raise UsageError(f"set({value!r}, {more[0]!r}): which is when? Write set({value!r}, at={more[0]!r})")
        self._sets.append((offset(at, "at"), column(value, len(self.series), "value")))
        return self._touched()

    def ramp(self, a: ArrayLike, b: ArrayLike) -> Self:
        """Add a straight line, from ``a`` at the grid's start to ``b`` at its end."""
        share = np.linspace(0.0, 1.0, self.clock.steps)
        first, last = (column(each, len(self.series), "ramp") for each in (a, b))
        return self._add(first + (last - first) * share)

    def rate(self, per_second: ArrayLike) -> Self:
        """Add a straight line of this slope, from 0 at the grid's start."""
        return self._add(column(per_second, len(self.series), "per_second") * self.clock.offsets())

    def wave(self, amplitude: ArrayLike, period: float, phase: ArrayLike = 0.0) -> Self:
        """Add a sine; the period is in seconds, the phase a share of it."""
        if not period > 0:
            raise UsageError(f"wave(period={period!r}): so many seconds, more than none")
        rows = len(self.series)
        turns = self.clock.offsets() / period + column(phase, rows, "phase")
        return self._add(column(amplitude, rows, "amplitude") * np.sin(2 * math.pi * turns))

    def noise(self, *, seed: int, scale: ArrayLike = 1.0) -> Self:
        """Add normally distributed noise; the seed decides."""
        rows = len(self.series)
        normal = np.random.default_rng(seed).standard_normal((rows, self.clock.steps))
        return self._add(normal * column(scale, rows, "scale"))

    def values(self) -> NDArray[np.float64]:
        """The level, and all that was added."""
        level = np.zeros((len(self.series), self.clock.steps))
        for at, value in sorted(self._sets, key=lambda each: each[0]):
            level[:, self.clock.index(at) :] = value
        return level + self._shape

    def _add(self, shape: NDArray[np.float64]) -> Self:
        self._shape = self._shape + shape
        return self._touched()


class GivenSeries(ScrapedSeries):
    """Series whose values were written down, scrape by scrape."""

    def __init__(
        self,
        clock: Clock,
        labels: Sequence[Mapping[str, str]],
        values: NDArray[np.float64] | None = None,
        present: NDArray[np.bool_] | None = None,
    ) -> None:
        super().__init__(clock, labels)
        shape = (len(self.series), clock.steps)
        self._values = np.zeros(shape) if values is None else values
        self._present = np.ones(shape, dtype=bool) if present is None else present

    def values(self) -> NDArray[np.float64]:
        """As given."""
        return self._values.copy()

    def present(self) -> NDArray[np.bool_]:
        """Where something was given."""
        return self._present
