"""Series that are scraped together: one, or thousands with the same history of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.block import STALE, Block, Metadata
from metricrig.metrics.timeline.clock import numbers, offset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from metricrig.metrics.timeline.block import MetricType
    from metricrig.metrics.timeline.clock import Clock

NAME = "__name__"
FOREVER = float("inf")
Scraped = tuple["NDArray[np.float64]", "NDArray[np.bool_]"]


@dataclass(slots=True)
class Absences:
    """When scrapes find nothing: spans that are missed, and ends that are marked as such."""

    gaps: list[tuple[float, float]] = field(default_factory=list)
    ends: list[tuple[float, float]] = field(default_factory=list)

    def applied(self, clock: Clock, values: NDArray[np.float64], present: NDArray[np.bool_]) -> Scraped:
        """The values with their stale markers, and which of them are there."""
        for start, end in [*self.gaps, *self.ends]:
            present[:, clock.index(start) : clock.index(end) if end < FOREVER else None] = False
        for start, _ in self.ends:
            at = clock.index(start)
            if at < clock.steps:
                values[:, at], present[:, at] = STALE[0], True
        return values, present


class ScrapedSeries:
    """Series that are scraped together. ``values()`` is what the scrapes see if none of them fails."""

    kind: ClassVar[MetricType] = "unknown"

    def __init__(self, clock: Clock, labels: Sequence[Mapping[str, str]]) -> None:
        self.clock = clock
        self.series: tuple[Mapping[str, str], ...] = tuple(labels)
        self._absences = Absences()
        self._children: dict[tuple[tuple[str, str], ...], Self] = {}
        self._used = False
        self._metadata = Metadata(self.kind)

    def labels(self, **more: object) -> Self:
        """The series with these labels besides: the same one each time it is asked for."""
        if len(self.series) != 1:
            raise UsageError("labels() is for a single series; these are many")
        named = {name: str(value) for name, value in more.items()}
        key = tuple(sorted(named.items()))
        if key not in self._children:
            child = self._child({**self.series[0], **named})
            self._children[key] = child.describe(self._metadata.help, unit=self._metadata.unit)
        return self._children[key]

    def describe(self, text: str, *, unit: str = "") -> Self:
        """What its page would say as HELP and UNIT: written with each of its series by ``ingest(..., version=2)``."""
        self._metadata = Metadata(self.kind, text, unit)
        for child in self._children.values():
            child.describe(text, unit=unit)
        return self

    def gap(self, start: float, end: float) -> Self:
        """Scrapes from ``start`` until before ``end`` fail: there are no samples. ``gap(0, 60)`` begins late."""
        start, end = offset(start, "start"), offset(end, "end")
        if not start < end:
            raise UsageError(f"gap(start={start}, end={end}) is empty: it goes from start until before end")
        self._absences.gaps.append((start, end))
        return self._touched()

    def stale(self, at: float, until: float = FOREVER) -> Self:
        """The series ends: the scrape that misses it writes a stale marker, and there are no samples ``until``."""
        at, until = offset(at, "at"), offset(until, "until")
        if not at < until:
            raise UsageError(f"stale(at={at}, until={until}): it comes back after it has ended")
        self._absences.ends.append((at, until))
        return self._touched()

    def emitted(self) -> list[Self]:
        """Itself, if it has a history or no children, and its children."""
        own = [self] if self._used or not self._children else []
        return own + [each for child in self._children.values() for each in child.emitted()]

    def block(self, extra: Mapping[str, str]) -> Block:
        """What the scrapes read."""
        values, present = self._absences.applied(self.clock, self.values(), self.present())
        labels = [{**each, **extra} for each in self.rows()] if extra else self.rows()
        return Block(labels, self.clock.times(), values, present, [self._metadata] * len(labels))

    def rows(self) -> Sequence[Mapping[str, str]]:
        """The labels of each row of the values."""
        return self.series

    def values(self) -> NDArray[np.float64]:
        """A row for each series, a column for each scrape."""
        raise NotImplementedError

    def present(self) -> NDArray[np.bool_]:
        """Where there is a value, if no scrape fails."""
        return np.ones((len(self.rows()), self.clock.steps), dtype=bool)

    def _child(self, labels: Mapping[str, str]) -> Self:
        return type(self)(self.clock, [labels])

    def _touched(self) -> Self:
        self._used = True
        return self

    def __repr__(self) -> str:
        first = dict(self.series[0]) if self.series else {}
        name = first.pop(NAME, "")
        many = f" and {len(self.series) - 1} more" if len(self.series) > 1 else ""
        return f"<{type(self).__name__} {name}{first or ''}{many}, {self.clock.steps} scrapes>"


def column(amount: object, rows: int, what: str) -> NDArray[np.float64]:
    """One number for all series, or an array with one for each, as a column."""
    found = numbers(amount, what)  # type: ignore[arg-type]  # whatever was given
    if found.ndim > 1 or (found.ndim == 1 and len(found) != rows):
        raise UsageError(f"{what}: one number, or one for each of the {rows} series, not an array of {found.shape}")
    return np.broadcast_to(found, (rows,)).reshape(rows, 1)
