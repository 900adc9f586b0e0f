"""``metric("name", code="200")``: some series of a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from metricrig._core.arguments import number, wrong
from metricrig._core.errors import UsageError
from metricrig.metrics.conditions.aggregates import Aggregate, Bucket, Quantile
from metricrig.metrics.conditions.comparisons import Absent
from metricrig.metrics.conditions.expression import Expression
from metricrig.metrics.conditions.matchers import Selector

if TYPE_CHECKING:
    from metricrig.metrics.conditions.condition import Condition
    from metricrig.metrics.conditions.look import Look, PageSource, Unknown
    from metricrig.metrics.conditions.matchers import Wanted
    from metricrig.metrics.exposition import Sample


def metric(name: str, /, **labels: Wanted) -> Selection:
    """The series of a name whose labels are as said; they may have others besides.

    A label is a text, a compiled pattern, ``matches("2..")``, ``not_("x")`` or ``not_matches("5..")``.
    """
    return Selection(Selector.of(name, labels))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Selection(Expression):
    """Some series of a page. As a number, it is the value of the only one."""

    selector: Selector
    bound: PageSource | None = None

    @property
    def reads_name(self) -> str:
        """The name of its series."""
        return self.selector.name

    @property
    def source(self) -> PageSource | None:
        """The page to which it is bound."""
        return self.bound

    def on(self, source: PageSource) -> Selection:
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
        return Bucket(self._buckets(), _bound(le))

    def quantile(self, q: float) -> Expression:
        """What a histogram's buckets say of a quantile, by Prometheus's algorithm, over all series."""
        return Quantile(self._buckets(), number("quantile", "q", q))

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


def _bound(le: Any) -> float:
    try:
        return float(le) if isinstance(le, str) else number("bucket", "le", le)
    except ValueError:
        raise wrong("bucket", "le", le, 'the bound of a bucket: .bucket(0.5), .bucket("+Inf")') from None
