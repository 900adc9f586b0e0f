"""The same series twice on one page."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metricrig.metrics.exposition.samples import Sample


def merged(first: Sample, second: Sample) -> Sample | None:
    """Which of two samples of one series counts; None if they contradict each other.

    A page may hold several moments of a series, of which the newest counts.
    """
    if first.timestamp != second.timestamp:
        return max(first, second, key=_moment)
    same = first.value == second.value or (isnan(first.value) and isnan(second.value))
    return first if same else None


def _moment(sample: Sample) -> float:
    return float("inf") if sample.timestamp is None else sample.timestamp
