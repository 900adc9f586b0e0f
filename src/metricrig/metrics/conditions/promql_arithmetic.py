"""Arithmetic, comparison and histogram quantiles as PromQL has them: nothing raises."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


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


_FEWEST_BUCKETS = 2


def histogram_quantile(q: float, buckets: Iterable[tuple[float, float]]) -> float:
    """The value below which a share ``q`` lies, from pairs of upper bound and cumulative count.

    As in Prometheus: interpolated within a bucket, the highest bound but one if it falls into ``+Inf``, NaN where
    there is nothing to go by.
    """
    if math.isnan(q):
        return math.nan
    if not 0 <= q <= 1:
        return math.copysign(math.inf, q)
    ordered = _cumulative(buckets)
    if len(ordered) < _FEWEST_BUCKETS or ordered[-1][0] != math.inf or not ordered[-1][1] > 0:
        return math.nan
    rank = q * ordered[-1][1]
    at = next((i for i, (_, count) in enumerate(ordered[:-1]) if count >= rank), None)
    if at is None:
        return ordered[-2][0]
    end, count = ordered[at]
    if at == 0 and end <= 0:
        return end
    start, before = ordered[at - 1] if at else (0.0, 0.0)
    # Only q = 0 meets an empty bucket, the first: Prometheus divides 0 by 0 then.
    return start + (end - start) * (rank - before) / (count - before) if count > before else math.nan


def _cumulative(buckets: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Sorted, equal bounds added, and never falling: scrapes are not atomic."""
    merged: dict[float, float] = {}
    for bound, count in buckets:
        merged[bound] = merged.get(bound, 0.0) + count
    highest, ordered = -math.inf, []
    for bound in sorted(merged):
        highest = max(highest, merged[bound])
        ordered.append((bound, highest))
    return ordered
