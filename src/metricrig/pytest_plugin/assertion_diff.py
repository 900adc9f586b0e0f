"""The difference between two answers of a store, as pytest shows it."""

from __future__ import annotations

from typing import Any

from metricrig.metrics.results import Result, difference


def explained(left: Any, right: Any) -> list[str] | None:
    """A line for each series or time that differs; None leaves it to pytest."""
    got, expected = (right, left) if _is_expected(left, right) else (left, right)
    if isinstance(got, Result):
        lines = difference.between(got, expected).splitlines()
    elif isinstance(expected, Result):
        lines = difference.of_plain(got, expected).splitlines()  # a program's own answer
    else:
        return None
    return [f"{type(got).__name__} == {type(expected).__name__}", *lines] if lines else None


def _is_expected(value: Any, other: Any) -> bool:
    """Whether it is what the other one is held against: a store's answer never is, a plain value only by it."""
    if _is_answer(value) or _is_answer(other):
        return not _is_answer(value)
    return isinstance(value, Result) and not isinstance(other, Result)


def _is_answer(value: Any) -> bool:
    """Whether a store has given it: not a plain value, nor what was computed to be expected."""
    return isinstance(value, Result) and not value.is_expectation
