"""Conditions: what a test waits for. Satisfied, not satisfied, or undecidable with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.arithmetic import ATOM, COMPARISONS
from metricrig.metrics.exposition.samples import plain
from metricrig.metrics.looking import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.metrics.expression import Expression
    from metricrig.metrics.looking import Look

Verdict = bool | Unknown


class Condition:
    """Something that holds, or does not, or cannot be said yet. Combined with ``&``, ``|`` and ``~``."""

    __slots__ = ()

    def judge(self, look: Look) -> Verdict:
        """Whether it holds on these pages."""
        raise NotImplementedError

    def expressions(self) -> Iterator[Expression]:
        """The numbers on which it depends."""
        raise NotImplementedError

    def __and__(self, other: Condition) -> Condition:
        return Both(self, other)

    def __or__(self, other: Condition) -> Condition:
        return Either(self, other)

    def __invert__(self) -> Condition:
        return Not(self)

    def __bool__(self) -> bool:
        raise UsageError(
            f"{self} is a condition, which is neither true nor false by itself\n"
            f"  wait for it: shop.metrics.wait({self}, within=5)\n"
            f"  or compare a number that is read now: assert shop.metrics.sum(...) == ...\n"
            f"  combine conditions by & | ~ instead of and, or, not and chained comparisons",
        )

    def __repr__(self) -> str:
        return f"<Condition {self}>"


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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Both(Condition):
    """Two conditions that have to hold on the same look."""

    left: Condition
    right: Condition

    def judge(self, look: Look) -> Verdict:
        """False as soon as one of them is, even if the other is undecidable."""
        return both(self.left.judge(look), self.right.judge(look))

    def expressions(self) -> Iterator[Expression]:
        """Of both."""
        yield from self.left.expressions()
        yield from self.right.expressions()

    def __str__(self) -> str:
        return f"({self.left}) & ({self.right})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Either(Condition):
    """Two conditions of which one is enough."""

    left: Condition
    right: Condition

    def judge(self, look: Look) -> Verdict:
        """True as soon as one of them is, even if the other is undecidable."""
        return negated(both(negated(self.left.judge(look)), negated(self.right.judge(look))))

    def expressions(self) -> Iterator[Expression]:
        """Of both."""
        yield from self.left.expressions()
        yield from self.right.expressions()

    def __str__(self) -> str:
        return f"({self.left}) | ({self.right})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Not(Condition):
    """The opposite; what cannot be said stays so."""

    inner: Condition

    def judge(self, look: Look) -> Verdict:
        """The opposite verdict."""
        return negated(self.inner.judge(look))

    def expressions(self) -> Iterator[Expression]:
        """Of the inner condition."""
        yield from self.inner.expressions()

    def __str__(self) -> str:
        return f"~({self.inner})"


def both(left: Verdict, right: Verdict) -> Verdict:
    """Kleene's "and"."""
    if left is False or right is False:
        return False
    return left if isinstance(left, Unknown) else right


def negated(verdict: Verdict) -> Verdict:
    """Kleene's "not"."""
    return verdict if isinstance(verdict, Unknown) else not verdict


def _atom(number: Expression) -> str:
    """An expression before a dot."""
    return f"({number})" if number.precedence < ATOM else str(number)
