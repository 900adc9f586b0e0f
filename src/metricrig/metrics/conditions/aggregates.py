"""Aggregates of a selection: sums and the like, buckets and quantiles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig.metrics.conditions.expression import Expression
from metricrig.metrics.conditions.look import Unknown
from metricrig.metrics.conditions.promql_arithmetic import extreme, histogram_quantile, total
from metricrig.metrics.exposition import NotOneSample
from metricrig.metrics.exposition.model import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metricrig.metrics.conditions.look import Look, PageSource
    from metricrig.metrics.conditions.selection import Selection
    from metricrig.metrics.exposition import Sample


def _value(found: list[Sample], selection: Selection) -> float:
    if len(found) > 1:
        raise NotOneSample(str(selection), matching=[str(each) for each in found], there=[])
    return found[0].value


_AGGREGATES: Mapping[str, Callable[[list[float]], float]] = {
    "sum": total,
    "max": lambda values: extreme(max, values),
    "min": lambda values: extreme(min, values),
    "avg": lambda values: total(values) / len(values),
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SelectionNumber(Expression):
    """A number taken of a selection."""

    selection: Selection

    @property
    def reads_name(self) -> str:
        """The name of its series."""
        return self.selection.selector.name

    @property
    def source(self) -> PageSource | None:
        """The page to which the selection is bound."""
        return self.selection.bound

    def evaluate(self, look: Look) -> float | Unknown:
        """The number; Unknown while there is no series."""
        found = self.selection.samples(look)
        if isinstance(found, Unknown):
            return found
        if not found and look.missing is None:
            return self.of_none()
        return self.of(found) if found else look.missing or 0.0

    def of(self, found: list[Sample]) -> float:
        """The number for at least one sample."""
        raise NotImplementedError

    def of_none(self) -> float | Unknown:
        """What no series at all mean."""
        return Unknown(f"no series {self.selection} yet", missing=True)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Aggregate(SelectionNumber):
    """One of several ways to make one number of many."""

    how: str

    def of(self, found: list[Sample]) -> float:
        """The aggregate."""
        if self.how == "value":
            return _value(found, self.selection)
        return float(len(found)) if self.how == "count" else _AGGREGATES[self.how]([each.value for each in found])

    def of_none(self) -> float | Unknown:
        """None of them are counted as 0."""
        return 0.0 if self.how == "count" else super(Aggregate, self).of_none()

    def __str__(self) -> str:
        return f"{self.selection}.{self.how}()"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Bucket(SelectionNumber):
    """A cumulative bucket; ``le="1"`` and ``le="1.0"`` are the same."""

    bound: float

    def evaluate(self, look: Look) -> float | Unknown:
        """The count; Unknown, with the bounds that there are, if this is none of them."""
        found = self.selection.samples(look)
        if isinstance(found, Unknown) or not found:
            return super(Bucket, self).evaluate(look)
        bounds = _bounds(found)
        counts = [count for bound, count in bounds if bound == self.bound]
        known = ", ".join(dict.fromkeys(plain(bound) for bound, _ in bounds))
        return (
            total(counts) if counts else Unknown(f"no bucket le={plain(self.bound)}; there are {known}", missing=True)
        )

    def __str__(self) -> str:
        return f"{self.selection.shown_without('_bucket')}.bucket({plain(self.bound)})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Quantile(SelectionNumber):
    """A quantile of all buckets together; NaN if nothing was observed, which satisfies no comparison but ``!=``."""

    q: float

    def of(self, found: list[Sample]) -> float:
        """The quantile."""
        return histogram_quantile(self.q, _bounds(found))

    def __str__(self) -> str:
        return f"{self.selection.shown_without('_bucket')}.quantile({plain(self.q)})"


def _bounds(found: list[Sample]) -> list[tuple[float, float]]:
    """Upper bounds and counts; what has no bound that is a number is no bucket."""
    pairs = []
    for sample in found:
        try:
            pairs.append((float(sample.labels.get("le", "")), sample.value))
        except ValueError:
            continue
    return [pair for pair in pairs if not math.isnan(pair[0])]
