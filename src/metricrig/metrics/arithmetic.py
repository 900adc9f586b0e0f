"""Calculating and comparing as PromQL does: nothing raises."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}
UNARY = 3
ATOM = 4

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def divide(left: float, right: float) -> float:
    """By IEEE 754: something by zero is infinite, nothing by zero is NaN."""
    if right:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


_SIGNS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
}


def calculate(sign: str, left: float, right: float) -> float:
    """One operation."""
    return _SIGNS[sign](left, right)


def total(values: list[float]) -> float:
    """The sum, rounded once: ten times 0.1 is 1. Infinities and what overflows are added as they come."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return sum(values)


def extreme(choose: Callable[[list[float]], float], values: list[float]) -> float:
    """``max`` or ``min`` of what is a number; NaN if nothing is."""
    numbers = [value for value in values if not math.isnan(value)]
    return choose(numbers) if numbers else math.nan
