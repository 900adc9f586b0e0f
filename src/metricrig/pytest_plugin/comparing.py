"""What pytest shows when two answers of a store differ."""

from __future__ import annotations

from typing import Any

from metricrig.metrics.results import Result, difference


def explained(left: Any, right: Any) -> list[str] | None:
    """A line for each series or time that differs; None leaves it to pytest."""
    got, expected = (left, right) if isinstance(left, Result) else (right, left)
    if not isinstance(got, Result):
        return None
    lines = difference.between(got, expected).splitlines()
    return [f"{type(got).__name__} == {type(expected).__name__}", *lines] if lines else None
