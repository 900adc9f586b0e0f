"""Conditions that compare numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig.metrics.conditions.condition import Condition
from metricrig.metrics.conditions.look import Unknown
from metricrig.metrics.conditions.promql_arithmetic import ATOM, COMPARISONS
from metricrig.metrics.exposition.model import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.metrics.conditions.condition import Verdict
    from metricrig.metrics.conditions.expression import Expression
    from metricrig.metrics.conditions.look import Look


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison(Condition):
    """One number compared with another."""

    left: Expression
    sign: str
    right: Expression

    def judge(self, look: Look) -> Verdict:
        """Undecidable as long as one side has no value."""
        left, right = self.left.evaluate(look), self.right.evaluate(look)
        if isinstance(left, Unknown):
            return left
        return right if isinstance(right, Unknown) else COMPARISONS[self.sign](left, right)

    def expressions(self) -> Iterator[Expression]:
        """Both sides."""
        yield self.left
        yield self.right

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Between(Condition):
    """A number within bounds, which belong to them."""

    number: Expression
    low: float
    high: float

    def judge(self, look: Look) -> Verdict:
        """Undecidable without a value."""
        value = self.number.evaluate(look)
        return value if isinstance(value, Unknown) else self.low <= value <= self.high

    def expressions(self) -> Iterator[Expression]:
        """The number."""
        yield self.number

    def __str__(self) -> str:
        return f"{_atom(self.number)}.between({plain(self.low)}, {plain(self.high)})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Approximately(Condition):
    """A number near another."""

    number: Expression
    wanted: float
    rel: float
    abs: float

    def judge(self, look: Look) -> Verdict:
        """Undecidable without a value. Infinity is near itself."""
        value = self.number.evaluate(look)
        if isinstance(value, Unknown):
            return value
        return value == self.wanted or abs(value - self.wanted) <= max(self.rel * abs(self.wanted), self.abs)

    def expressions(self) -> Iterator[Expression]:
        """The number."""
        yield self.number

    def __str__(self) -> str:
        return f"{_atom(self.number)}.approx({plain(self.wanted)}, rel={self.rel:g}, abs={self.abs:g})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Absent(Condition):
    """There is no such series on a page that could be read."""

    count: Expression
    shown: str

    def judge(self, look: Look) -> Verdict:
        """Undecidable without a page."""
        value = self.count.evaluate(look)
        return value if isinstance(value, Unknown) else value == 0

    def expressions(self) -> Iterator[Expression]:
        """How many there are."""
        yield self.count

    def __str__(self) -> str:
        return f"{self.shown}.absent()"


def _atom(number: Expression) -> str:
    """An expression before a dot."""
    return f"({number})" if number.precedence < ATOM else str(number)
