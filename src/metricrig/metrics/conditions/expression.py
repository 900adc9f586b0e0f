"""Expressions: numbers that are read from pages when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.arguments import number
from metricrig._core.errors import UsageError
from metricrig.metrics.conditions.comparisons import Approximately, Between, Comparison
from metricrig.metrics.conditions.look import Unknown
from metricrig.metrics.conditions.promql_arithmetic import ATOM, PRECEDENCE, UNARY, calculate
from metricrig.metrics.exposition.model import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.metrics.conditions.condition import Condition
    from metricrig.metrics.conditions.look import Look, PageSource


class Expression:
    """A number to be read from a page. Calculating with it gives another; comparing it gives a condition."""

    __slots__ = ()
    precedence = ATOM

    def evaluate(self, look: Look) -> float | Unknown:
        """What it is on these pages."""
        raise NotImplementedError

    def parts(self) -> Iterator[Expression]:
        """The expressions of which it is made, itself first."""
        yield self

    @property
    def reads_name(self) -> str:
        """The name that it looks for on a page; empty for what is only calculated."""
        return ""

    @property
    def reads(self) -> bool:
        """Whether it looks at a page itself."""
        return bool(self.reads_name)

    @property
    def source(self) -> PageSource | None:
        """The page to which this part is bound."""
        return None

    # --- calculating

    def __add__(self, other: Operand) -> Expression:
        return Calculation(self, "+", as_expression(other))

    def __radd__(self, other: Operand) -> Expression:
        return Calculation(as_expression(other), "+", self)

    def __sub__(self, other: Operand) -> Expression:
        return Calculation(self, "-", as_expression(other))

    def __rsub__(self, other: Operand) -> Expression:
        return Calculation(as_expression(other), "-", self)

    def __mul__(self, other: Operand) -> Expression:
        return Calculation(self, "*", as_expression(other))

    def __rmul__(self, other: Operand) -> Expression:
        return Calculation(as_expression(other), "*", self)

    def __truediv__(self, other: Operand) -> Expression:
        return Calculation(self, "/", as_expression(other))

    def __rtruediv__(self, other: Operand) -> Expression:
        return Calculation(as_expression(other), "/", self)

    def __neg__(self) -> Expression:
        return Negative(self)

    # --- comparing

    def _compare(self, sign: str, other: Operand) -> Condition:
        return Comparison(self, sign, as_expression(other))

    def __lt__(self, other: Operand) -> Condition:
        return self._compare("<", other)

    def __le__(self, other: Operand) -> Condition:
        return self._compare("<=", other)

    def __gt__(self, other: Operand) -> Condition:
        return self._compare(">", other)

    def __ge__(self, other: Operand) -> Condition:
        return self._compare(">=", other)

    def __eq__(self, other: Operand) -> Condition:  # type: ignore[override]
        return self._compare("==", other)

    def __ne__(self, other: Operand) -> Condition:  # type: ignore[override]
        return self._compare("!=", other)

    __hash__ = object.__hash__

    def between(self, low: float, high: float) -> Condition:
        """At least the one and at most the other."""
        return Between(self, number("between", "low", low), number("between", "high", high))

    def approx(self, value: float, *, rel: float = 1e-6, abs: float = 1e-12) -> Condition:  # noqa: A002 - as in pytest
        """As near to the value as ``pytest.approx`` wants it: within a share of it, or a distance from it."""
        checked = (number("approx", name, each) for name, each in (("value", value), ("rel", rel), ("abs", abs)))
        return Approximately(self, *checked)

    def __bool__(self) -> bool:
        raise UsageError(f"{self} is a number only when a page is looked at: compare it and wait for it")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


Operand = Expression | float


def as_expression(value: Operand) -> Expression:
    """An expression as it is; a number as one."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, (int, float)):
        return Constant(number("a metric", "number", float(value) if isinstance(value, bool) else value))
    raise UsageError(f"metrics are compared with numbers or other metrics, not with {value!r}")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Constant(Expression):
    """A number that is known."""

    number: float

    def evaluate(self, look: Look) -> float:  # noqa: ARG002 - it is the same on any page
        """Itself."""
        return self.number

    def __str__(self) -> str:
        return plain(self.number)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Negative(Expression):
    """Minus an expression."""

    inner: Expression

    @property
    def precedence(self) -> int:  # type: ignore[override]
        """How strongly the sign binds."""
        return UNARY

    def evaluate(self, look: Look) -> float | Unknown:
        """The negated value."""
        value = self.inner.evaluate(look)
        return value if isinstance(value, Unknown) else -value

    def parts(self) -> Iterator[Expression]:
        """Itself, then the inner."""
        yield self
        yield from self.inner.parts()

    def __str__(self) -> str:
        return f"-{_within(self.inner, UNARY)}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Calculation(Expression):
    """Two expressions and a sign between them; unknown as soon as one of them is."""

    left: Expression
    sign: str
    right: Expression

    @property
    def precedence(self) -> int:  # type: ignore[override]
        """How strongly its sign binds."""
        return PRECEDENCE[self.sign]

    def evaluate(self, look: Look) -> float | Unknown:
        """The result."""
        left, right = self.left.evaluate(look), self.right.evaluate(look)
        if isinstance(left, Unknown):
            return left
        return right if isinstance(right, Unknown) else calculate(self.sign, left, right)

    def parts(self) -> Iterator[Expression]:
        """Itself, then both sides."""
        yield self
        yield from self.left.parts()
        yield from self.right.parts()

    def __str__(self) -> str:
        return f"{_within(self.left, self.precedence)} {self.sign} {_within(self.right, self.precedence + 1)}"


def _within(inner: Expression, least: int) -> str:
    return str(inner) if inner.precedence >= least else f"({inner})"
