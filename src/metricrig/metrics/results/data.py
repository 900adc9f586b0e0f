"""The answers of a Prometheus-compatible API as plain data. Times are seconds since 1970, as in the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from metricrig.metrics.results import difference, equality, table
from metricrig.metrics.results.content import Content, Row
from metricrig.metrics.results.labels import distinguishing, keyed, only, values_of, written
from metricrig.metrics.results.values import Values, clock, milliseconds, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from metricrig.metrics.results.content import Product
    from metricrig.metrics.results.labels import Key


class Result(Content):
    """What all of them can do: be compared, tell their difference, and become a frame."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # One line: pytest shows the line breaks of a repr as \\n. ``print`` shows the table.
        return self._line()

    def __str__(self) -> str:
        return table.with_notes(self._table(), self.notes)

    def equals(self, other: object, rel: float = 0.0, abs_: float = 0.0) -> bool:
        """Whether both are the same, in whatever order the series are; NotImplemented for what is no result."""
        return equality.equal(self, other, rel, abs_)

    def approx(self, rel: float = 1e-9, abs: float = 0.0) -> equality.Approximate:  # noqa: A002 - as in pytest
        """To compare with: ``assert got == expected.approx(rel=1e-6)``."""
        return equality.Approximate(self, rel, abs)

    def difference(self, expected: object) -> str:
        """Where this differs from what was expected, label by label and time by time; empty if it does not."""
        return difference.between(self, expected)

    def frame(self) -> Any:
        """The same as a ``pandas.DataFrame``."""
        return table.frame(self)

    def _table(self) -> str:
        return object.__repr__(self)

    def _line(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Series(Result):
    """One series: when it had which value."""

    labels: Mapping[str, str]
    times: tuple[float, ...]
    values: tuple[float, ...]

    def on(self, steps: tuple[float, ...]) -> Values:
        """Its value at each of the steps, None where it has none."""
        return self._row().on(steps) if steps else self.as_list()

    def rows(self) -> tuple[Row, ...]:
        """Itself."""
        return (self._row(),)

    def as_list(self) -> Values:
        """Its values, whenever they were."""
        return Values(self.values)

    def _row(self) -> Row:
        return Row(self.labels, self.times, self.values)

    def _table(self) -> str:
        return table.of_series(self.rows(), ())

    def _line(self) -> str:
        return f"<{type(self).__name__} {table.line_of_values(written(self.labels), self.values)}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Matrix(Result):
    """Several series. ``steps`` are the times that were asked for; those without a sample read as None.

    ``notes`` are what the engine remarked on the query, here and in the other results; ``product`` is the server that
    has answered, if it is known.
    """

    series: tuple[Series, ...]
    steps: tuple[float, ...] = field(default=())
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    product: Product | None = field(default=None, kw_only=True)

    def one(self) -> Series:
        """The only series."""
        return only(self.series)

    def by(self, *names: str) -> dict[Key, Values]:
        """The values of each series, by one label's value, or by a tuple of several."""
        return {name: series.on(self.steps) for name, series in keyed(self.series, names).items()}

    def label_values(self, name: str) -> list[str]:
        """All values of a label, sorted."""
        return values_of(name, self.series)

    def rows(self) -> tuple[Row, ...]:
        """A row for each series."""
        return tuple(Row(each.labels, each.times, each.values) for each in self.series)

    def as_dict(self) -> dict[Key, Values]:
        """The values of each series by all labels but the name."""
        return self.by(*distinguishing(self.series))

    def as_list(self) -> Values | None:
        """The values of the only series at the steps."""
        if not self.series:
            # Of no series there is nothing at each step: that is how a program says it that answers with a list.
            return Values((None,) * len(self.steps))
        return self.series[0].on(self.steps) if len(self.series) == 1 else None

    def like(self, plain: object) -> Matrix | None:
        """A list with a number or None for each step, as the series that this one has."""
        if not isinstance(plain, list | tuple) or len(self.series) > 1 or len(plain) != len(self.steps):
            return None
        if not all(isinstance(each, int | float | None) for each in plain):
            return None
        labels = self.series[0].labels if self.series else {}
        there = [(time, value) for time, value in zip(self.steps, plain, strict=True) if value is not None]
        times, values = tuple(time for time, _ in there), tuple(value for _, value in there)
        return Matrix((Series(labels, times, values),) if there else (), self.steps)

    def _table(self) -> str:
        return table.of_series(self.rows(), self.steps)

    def _line(self) -> str:
        lines = (table.line_of_values(written(each.labels), each.on(self.steps)) for each in self.series)
        return table.line_of_several(type(self).__name__, lines)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class VectorSample(Result):
    """One value of one series."""

    labels: Mapping[str, str]
    time: float
    value: float

    def rows(self) -> tuple[Row, ...]:
        """A row of one time."""
        return (Row(self.labels, (self.time,), (self.value,)),)

    def as_number(self) -> float:
        """Its value."""
        return self.value

    def _table(self) -> str:
        return f"Sample {written(self.labels)} {shown(self.value)} at {clock(self.time)}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Vector(Result):
    """One sample of each of several series. ``product`` is the server that has answered, if it is known."""

    samples: tuple[VectorSample, ...]
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    product: Product | None = field(default=None, kw_only=True)

    def one(self) -> VectorSample:
        """The only sample."""
        return only(self.samples)

    def by(self, *names: str) -> dict[Key, float]:
        """The value of each sample, by one label's value, or by a tuple of several."""
        return {name: sample.value for name, sample in keyed(self.samples, names).items()}

    def label_values(self, name: str) -> list[str]:
        """All values of a label, sorted."""
        return values_of(name, self.samples)

    def rows(self) -> tuple[Row, ...]:
        """A row of one time for each sample."""
        return tuple(Row(each.labels, (each.time,), (each.value,)) for each in self.samples)

    def as_dict(self) -> dict[Key, float]:
        """The value of each sample by all labels but the name."""
        return self.by(*distinguishing(self.samples))

    def as_number(self) -> float | None:
        """The value of the only sample."""
        return self.samples[0].value if len(self.samples) == 1 else None

    def like(self, plain: object) -> Vector | None:
        """A number as the only sample."""
        if len(self.samples) != 1 or not isinstance(plain, int | float):
            return None
        return Vector((VectorSample(self.samples[0].labels, self.samples[0].time, plain),))

    def _table(self) -> str:
        return table.of_samples(self.rows())

    def _line(self) -> str:
        lines = (f"{written(each.labels)} {shown(each.value)}" for each in self.samples)
        return table.line_of_several(type(self).__name__, lines)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Scalar(Result):
    """A number without labels."""

    time: float
    value: float
    notes: tuple[str, ...] = field(default=(), kw_only=True)

    def rows(self) -> tuple[Row, ...]:
        """A row without labels, of one time."""
        return (Row({}, (self.time,), (self.value,)),)

    def as_number(self) -> float:
        """Its value."""
        return self.value

    def _table(self) -> str:
        return f"Scalar {shown(self.value)} at {clock(self.time)}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class String(Result):
    """A text: the answer to a query that is one, such as ``"up"`` in quotes."""

    time: float
    value: str
    notes: tuple[str, ...] = field(default=(), kw_only=True)

    def equals(self, other: object, rel: float = 0.0, abs_: float = 0.0) -> bool:
        """Whether the other is the same text, of the same time if it has one."""
        del rel, abs_
        if isinstance(other, String):
            return self.value == other.value and milliseconds(self.time) == milliseconds(other.time)
        return isinstance(other, str) and self.value == other

    def _table(self) -> str:
        return f"String {shown(self.value)} at {clock(self.time)}"
