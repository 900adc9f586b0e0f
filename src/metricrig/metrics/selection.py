"""``metric("name", code="200")`` and the numbers that can be taken of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.arithmetic import extreme, total
from metricrig.metrics.condition import Absent
from metricrig.metrics.exposition import NotOneSample
from metricrig.metrics.exposition.samples import plain
from metricrig.metrics.expression import Expression
from metricrig.metrics.looking import Unknown
from metricrig.metrics.matching import Selector
from metricrig.metrics.quantile import histogram_quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metricrig.metrics.condition import Condition
    from metricrig.metrics.exposition import Sample
    from metricrig.metrics.looking import Look, Source
    from metricrig.metrics.matching import Wanted


def metric(name: str, /, **labels: Wanted) -> Selection:
    """The series of a name whose labels are as said; they may have others besides.

    A label is a text, a compiled pattern, ``matches("2..")``, ``not_("x")`` or ``not_matches("5..")``.
    """
    return Selection(Selector.of(name, labels))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Selection(Expression):
    """Some series of a page. As a number, it is the value of the only one."""

    selector: Selector
    bound: Source | None = None

    @property
    def reads_name(self) -> str:
        """The name of its series."""
        return self.selector.name

    @property
    def source(self) -> Source | None:
        """The page to which it is bound."""
        return self.bound

    def on(self, source: Source) -> Selection:
        """The same, read from this page whatever page is looked at."""
        return replace(self, bound=source)

    def sum(self) -> Expression:
        """All values added."""
        return Aggregate(self, "sum")

    def count(self) -> Expression:
        """How many series there are; 0 if none."""
        return Aggregate(self, "count")

    def max(self) -> Expression:
        """The highest value."""
        return Aggregate(self, "max")

    def min(self) -> Expression:
        """The lowest value."""
        return Aggregate(self, "min")

    def avg(self) -> Expression:
        """The mean of the values."""
        return Aggregate(self, "avg")

    def value(self) -> Expression:
        """The value of the only series. Several are an error, which says which they are."""
        return Aggregate(self, "value")

    def bucket(self, le: float | str) -> Expression:
        """How many observations a histogram has up to this bound, over all series."""
        return Bucket(self._buckets(), float(le))

    def quantile(self, q: float) -> Expression:
        """What a histogram's buckets say of a quantile, by Prometheus's algorithm, over all series."""
        return Quantile(self._buckets(), q)

    def absent(self) -> Condition:
        """There is no such series."""
        return Absent(self.count(), str(self))

    def evaluate(self, look: Look) -> float | Unknown:
        """The value of the only series."""
        return self.value().evaluate(look)

    @property
    def selection(self) -> Selection:
        """Itself: it is what its value is taken of."""
        return self

    def samples(self, look: Look) -> list[Sample] | Unknown:
        """What there is on these pages."""
        return look.samples(self.bound, self.selector)

    def _buckets(self) -> Selection:
        if any(label == "le" for label, _ in self.selector.matchers):
            raise UsageError(f"{self}: the bound of a bucket is said by .bucket(le), not as a label")
        name = self.selector.name.removesuffix("_bucket")
        return replace(self, selector=replace(self.selector, name=f"{name}_bucket"))

    def __str__(self) -> str:
        return f"{'metric' if self.bound is None else self.bound}{self.selector}"

    def shown_without(self, suffix: str) -> str:
        """As typed by a user who does not name the suffix."""
        name = self.selector.name.removesuffix(suffix)
        return str(replace(self, selector=replace(self.selector, name=name)))


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
class Taken(Expression):
    """A number taken of a selection."""

    selection: Selection

    @property
    def reads_name(self) -> str:
        """The name of its series."""
        return self.selection.selector.name

    @property
    def source(self) -> Source | None:
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
class Aggregate(Taken):
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
class Bucket(Taken):
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
class Quantile(Taken):
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
