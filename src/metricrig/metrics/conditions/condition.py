"""Conditions and how they combine. A verdict is yes, no, or undecidable with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.conditions.look import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.metrics.conditions.expression import Expression
    from metricrig.metrics.conditions.look import Look

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
