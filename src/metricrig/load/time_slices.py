"""A run as a time series: so many calls, so many failed, how long they took, slice by slice."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig.load.calls import GOOD
from metricrig.load.latencies import Latencies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metricrig.load.calls import Row


@dataclass(frozen=True, slots=True)
class TimeSlice:
    """Calls that were due from ``at`` on, seconds after the beginning, in ``seconds``."""

    at: float
    seconds: float
    calls: int
    failed: int
    p50: float
    p99: float
    max: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds


def slices_of(rows: Iterable[Row], began: float, ended: float, every: float) -> list[TimeSlice]:
    """Every slice from the beginning to the end, those without a call too; their latencies are NaN."""
    waits, failed = defaultdict[int, list[float]](list), defaultdict[int, int](int)
    for due, _, until, outcome, _ in rows:
        number = int((due - began) / every)
        waits[number].append(until - due)
        failed[number] += outcome != GOOD
    count = max(math.ceil((ended - began) / every - 1e-9), *(each + 1 for each in waits), 0, 0)
    return [_slice(number, every, waits[number], failed[number]) for number in range(count)]


def _slice(number: int, every: float, waits: list[float], failed: int) -> TimeSlice:
    if not waits:
        return TimeSlice(number * every, every, 0, 0, math.nan, math.nan, math.nan)
    took = Latencies(waits)
    return TimeSlice(number * every, every, len(waits), failed, took.percentile(50), took.percentile(99), took.longest)
