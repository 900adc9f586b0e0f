"""What pytest shows when two answers of a store differ."""

from __future__ import annotations

from typing import Any

from metricrig.metrics.results import Result, difference


def explained(left: Any, right: Any) -> list[str] | None:
    """A line for each series or time that differs; None leaves it to pytest."""
    got, expected = (left, right) if _is_answer(left) or not _is_answer(right) else (right, left)
    if not isinstance(got, Result):
        return None
    lines = difference.between(got, expected).splitlines()
    return [f"{type(got).__name__} == {type(expected).__name__}", *lines] if lines else None


def _is_answer(value: Any) -> bool:
    """Whether a store has given it: not a plain value, nor what was computed to be expected."""
    return isinstance(value, Result) and value.plain() is value
