"""When a query is asked, and what it finds there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.block import is_stale

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from metricrig.metrics.timeline.block import Block

    # Values at the points of a query, and whether there is one.
    Answer = tuple["NDArray[np.float64]", "NDArray[np.bool_]"]


class Emits(Protocol):
    """Series of a timeline, or a part of a histogram."""

    def emitted(self) -> Sequence[Emits]:
        """Each that writes a block."""

    def block(self, extra: Mapping[str, str]) -> Block:
        """What the scrapes bring home."""


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """The points that are asked for, in milliseconds, their distance, and the window (0 if none is written).

    ``single`` asks for one moment, and is answered with a vector.
    """

    points: NDArray[np.int64]
    step: int
    window: int
    single: bool

    @property
    def instant(self) -> bool:
        """Whether an engine takes it for an instant query: a range of one point is one, too."""
        return len(self.points) == 1


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One series as an engine keeps it."""

    labels: Mapping[str, str]
    times: NDArray[np.int64]
    values: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_]) -> Samples:
        """Some of them."""
        return self if chosen.all() else Samples(self.labels, self.times[chosen], self.values[chosen])

    def without_stale(self) -> Samples:
        """Without stale markers, as any function of a range sees it."""
        return self.where(~is_stale(self.values))

    def within(self, query: Query, *, left_closed: bool = False) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """For each point, the first sample of its window and the first one after it."""
        side = "left" if left_closed else "right"
        begin = np.searchsorted(self.times, query.points - query.window, side=side)  # type: ignore[call-overload]
        return begin, np.searchsorted(self.times, query.points, side="right")


def samples(rows: Iterable[Emits], extra: Mapping[str, str], *, keep_nan: bool) -> Iterator[Samples]:
    """What an engine keeps of these series: VictoriaMetrics drops a NaN unless it is a stale marker."""
    for each in rows:
        block = each.block(extra)
        there = block.present if keep_nan else block.present & (~np.isnan(block.values) | is_stale(block.values))
        for labels, values, mask in zip(block.labels, block.values, there, strict=True):
            yield Samples(labels, block.times[mask], values[mask])


def at(values: NDArray[np.float64], index: NDArray[np.intp]) -> NDArray[np.float64]:
    """The values at these places; whatever it is where a place does not exist, for that is not looked at."""
    if not len(values):
        return np.full(len(index), np.nan)
    return values[np.clip(index, 0, len(values) - 1)]


def extreme(found: Samples, begin: NDArray[np.intp], end: NDArray[np.intp], pick: np.ufunc) -> Answer:
    """The largest or smallest value of each window."""
    there = end > begin
    if not len(found.values):
        return np.full(len(begin), np.nan), there
    padded = np.append(found.values, np.nan)
    bounds = np.stack([begin, end], axis=1).ravel()
    return pick.reduceat(padded, bounds)[::2], there
