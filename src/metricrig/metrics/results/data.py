"""The answers of a Prometheus-compatible API as plain data. Times are seconds since 1970, as in the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypeVar

from metricrig._core.errors import MetricrigError
from metricrig.metrics.results import difference, equality, frames, labels, table
from metricrig.metrics.results.values import Values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from metricrig.metrics.results.labels import Key
    from metricrig.metrics.results.product import Product


class Result:
    """What all of them can do: be compared, tell their difference, and become a frame."""

    __slots__ = ()

    is_expectation: ClassVar[bool] = False
    """Whether it was computed, not answered by a server."""

    def __eq__(self, other: object) -> bool:
        return equality.equal(self, other)

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # One line: pytest shows the line breaks of a repr as \\n. ``print`` shows the table.
        return table.line(self)

    def __str__(self) -> str:
        return table.drawn(self)

    def plain(self) -> Result:
        """The answer alone; expectations are more than that."""
        return self

    def against(self, answer: Result) -> Result:
        """What of this is held against that answer. An expectation depends on who has answered; this does not."""
        del answer
        return self

    def remark(self, answer: object) -> str:
        """What one has to know about the engines where this and that answer differ; mostly nothing."""
        del answer
        return ""

    def approx(self, rel: float = 1e-9, abs: float = 0.0) -> equality.Approximate:  # noqa: A002 - as in pytest
        """To compare with: ``assert got == expected.approx(rel=1e-6)``."""
        return equality.Approximate(self, rel, abs)

    def difference(self, expected: object) -> str:
        """Where this differs from what was expected, label by label and time by time; empty if it does not."""
        return difference.between(self, expected)

    def frame(self) -> Any:
        """The same as a ``pandas.DataFrame``."""
        return frames.frame(self)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Series(Result):
    """One series: when it had which value."""

    labels: Mapping[str, str]
    times: tuple[float, ...]
    values: tuple[float, ...]

    def on(self, steps: tuple[float, ...]) -> Values:
        """Its value at each of the steps, None where it has none."""
        if not steps:
            return Values(self.values)
        # Milliseconds: that is all an engine keeps, and 0.1 + 0.2 is not 0.3.
        at = {round(time * 1000): value for time, value in zip(self.times, self.values, strict=True)}
        return Values(at.get(round(step * 1000)) for step in steps)


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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sample(Result):
    """One value of one series."""

    labels: Mapping[str, str]
    time: float
    value: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Vector(Result):
    """One sample of each of several series. ``product`` is the server that has answered, if it is known."""

    samples: tuple[Sample, ...]
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    product: Product | None = field(default=None, kw_only=True)

    def one(self) -> Sample:
        """The only sample."""
        return only(self.samples)

    def by(self, *names: str) -> dict[Key, float]:
        """The value of each sample, by one label's value, or by a tuple of several."""
        return {name: sample.value for name, sample in keyed(self.samples, names).items()}

    def label_values(self, name: str) -> list[str]:
        """All values of a label, sorted."""
        return values_of(name, self.samples)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Scalar(Result):
    """A number without labels."""

    time: float
    value: float
    notes: tuple[str, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class String(Result):
    """A text: the answer to a query that is one, such as ``"up"`` in quotes."""

    time: float
    value: str
    notes: tuple[str, ...] = field(default=(), kw_only=True)


T = TypeVar("T", Series, Sample)


def only(found: tuple[T, ...]) -> T:
    """The one that there is."""
    if len(found) == 1:
        return found[0]
    there = "".join(f"\n  {labels.written(each.labels)}" for each in found) or " none"
    raise MetricrigError(f"expected exactly one series, and there are {len(found)}:{there}")


def keyed(found: tuple[T, ...], names: tuple[str, ...]) -> dict[Key, T]:
    """Each by its labels' values; two of the same key are an error, for one would hide the other."""
    keys: dict[Key, T] = {}
    for each in found:
        name = labels.key(each.labels, names)
        if name in keys:
            both = f"{labels.written(keys[name].labels)} and {labels.written(each.labels)}"
            raise MetricrigError(
                f"by({', '.join(map(repr, names))}): {name!r} is both {both}\n"
                f"  what to do: name a label that tells them apart, or aggregate in the query"
            )
        keys[name] = each
    return keys


def values_of(name: str, found: tuple[Series, ...] | tuple[Sample, ...]) -> list[str]:
    """All values of a label, sorted."""
    return sorted({each.labels[name] for each in found if each.labels.get(name)})
