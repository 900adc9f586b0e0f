"""A query as data: its points, the samples that it finds, and the values that are expected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypedDict

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.block import is_stale
from metricrig.metrics.timeline.clock import duration, milliseconds, offset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from metricrig.metrics.timeline.block import Block

    Numbers = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Places = NDArray[np.intp]
    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.timeline.clock import Clock


class SeriesGroup(Protocol):
    """Series of a timeline, or a part of a histogram."""

    def emitted(self) -> Sequence[SeriesGroup]:
        """Each that writes a block."""

    def block(self, extra: Mapping[str, str]) -> Block:
        """What the scrapes read."""


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
class ExpectedValues:
    """Values at the points of a query, whether there is one, and by how much an engine may miss it to either side."""

    values: Numbers
    there: Mask
    below: Numbers
    above: Numbers

    @classmethod
    def around(cls, values: Numbers, there: Mask, error: Numbers | float = 0.0) -> ExpectedValues:
        """The same error to both sides."""
        room = np.broadcast_to(np.asarray(error, dtype=np.float64), values.shape)
        return cls(values, there, room, room)

    def wider(self, error: Numbers) -> ExpectedValues:
        """With so much more room."""
        return replace(self, below=self.below + error, above=self.above + error)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One series as an engine keeps it; what it gives back may be ``lost`` away from what was written."""

    labels: Mapping[str, str]
    times: NDArray[np.int64]
    values: Numbers
    lost: Numbers

    def where(self, chosen: Mask) -> Samples:
        """Some of them."""
        if chosen.all():
            return self
        return Samples(self.labels, self.times[chosen], self.values[chosen], self.lost[chosen])

    def without_stale(self) -> Samples:
        """Without stale markers, as any function of a range sees it."""
        return self.where(~is_stale(self.values))

    def without_nan(self) -> Samples:
        """Without any NaN but stale markers."""
        return self.where(~np.isnan(self.values) | is_stale(self.values))

    def within(self, query: Query, *, left_closed: bool = False) -> tuple[Places, Places]:
        """For each point, the first sample of its window and the first one after it."""
        side = "left" if left_closed else "right"
        begin = np.searchsorted(self.times, query.points - query.window, side=side)  # type: ignore[call-overload]
        return begin, np.searchsorted(self.times, query.points, side="right")


def samples(rows: Iterable[SeriesGroup], extra: Mapping[str, str]) -> Iterator[Samples]:
    """What is written of these series."""
    for each in rows:
        block = each.block(extra)
        for labels, values, mask in zip(block.labels, block.values, block.present, strict=True):
            kept = values[mask]
            yield Samples(labels, block.times[mask], kept, np.zeros(len(kept)))


def at(values: Numbers, index: Places) -> Numbers:
    """The values at these places; whatever it is where a place does not exist, for that is not looked at."""
    if not len(values):
        return np.full(len(index), np.nan)
    return values[np.clip(index, 0, len(values) - 1)]


def extreme(found: Samples, begin: Places, end: Places, pick: np.ufunc) -> ExpectedValues:
    """The largest or smallest value of each window."""
    there = end > begin
    if not len(found.values):
        return ExpectedValues.around(np.full(len(begin), np.nan), there)
    return ExpectedValues.around(
        reduced(found.values, begin, end, pick), there, np.where(there, reduced(found.lost, begin, end, np.fmax), 0.0)
    )


def reduced(values: Numbers, begin: Places, end: Places, by: np.ufunc) -> Numbers:
    """The values from ``begin`` until before ``end``, brought together; whatever it is where there are none."""
    bounds = np.stack([begin, np.maximum(begin, end)], axis=1).ravel()
    result: Numbers = by.reduceat(np.append(values, np.nan), bounds)[::2]
    return result


# What VictoriaMetrics takes for the step of an instant query that has none.
_INSTANT_STEP_MILLISECONDS = 300_000


class QueryTimes(TypedDict, total=False):
    """``at``: one moment. Otherwise a range: the grid's own, or from ``start`` to ``end`` by ``step``.

    All in seconds from the grid's start, negative ones too. ``engine`` is the one that answers.
    """

    at: float
    start: float
    end: float
    step: str | float
    engine: Engine | str


def query(clock: Clock, window: str | float | None, when: QueryTimes) -> Query:
    """The points of a query. As engines do, a range ends with the last step that is not after its end."""
    unknown = when.keys() - QueryTimes.__annotations__.keys()
    if unknown:
        known = ", ".join(f"{each}=" for each in QueryTimes.__annotations__)
        raise UsageError(f"{min(unknown)}= is not known here, but {known}")
    width = 0 if window is None else duration(window, "window")
    if window is not None and width <= 0:
        raise UsageError(f"window={window!r} is empty")
    if "at" in when:
        return _instant(clock, width, when)
    step = duration(when["step"], "step") if "step" in when else clock.every
    if step <= 0:
        raise UsageError(f"step={when.get('step')!r} is no step")
    first = clock.first + milliseconds(offset(when.get("start", 0), "start"))
    final = clock.first + milliseconds(offset(when["end"], "end")) if "end" in when else clock.last
    if final < first:
        raise UsageError(f"the range from start={when.get('start', 0)} to end={when.get('end')} is empty")
    points = np.arange(first, final + 1, step, dtype=np.int64)
    return Query(points, step, width, single=False)


def _instant(clock: Clock, width: int, when: QueryTimes) -> Query:
    if "start" in when or "end" in when:
        raise UsageError("at= asks for one moment, start= and end= for a range: not both")
    step = duration(when["step"], "step") if "step" in when else _INSTANT_STEP_MILLISECONDS
    return Query(
        np.array([clock.first + milliseconds(offset(when["at"], "at"))], dtype=np.int64), step, width, single=True
    )
