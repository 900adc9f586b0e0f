"""Times as they are asked for, checked, in whole milliseconds: that is all the store keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from model_metrics.errors import BadInput

MOST_POINTS = 11_000
"""As many as Prometheus answers; a screen has fewer pixels."""
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Beyond lies what no store keeps, and arithmetic that overflows."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The points of a range: from its start every ``step`` seconds, the last one not after its end."""

    times: range
    step: int


def milliseconds(name: str, moment: datetime) -> int:
    """A moment with a time zone; without one it could be any of 24 hours."""
    if moment.tzinfo is None:
        raise BadInput(f"{name}: {moment.isoformat()} has no time zone; write {moment.isoformat()}Z for UTC")
    if not EARLIEST <= moment < LATEST:
        raise BadInput(f"{name}: {moment.isoformat()} is not between {EARLIEST.date()} and {LATEST.date()}")
    return round(moment.timestamp() * 1000)


def seconds(name: str, number: int) -> int:
    """A positive number of seconds."""
    if number < 1:
        raise BadInput(f"{name}: {number} is not a positive number of seconds")
    return number


def period(start: datetime, end: datetime) -> tuple[int, int]:
    """A period that does not end before it starts."""
    first, last = milliseconds("start", start), milliseconds("end", end)
    if last < first:
        raise BadInput(f"end: {end.isoformat()} is before start, {start.isoformat()}")
    return first, last


def grid(start: datetime, end: datetime, step: int) -> Grid:
    """The points from start to end."""
    first, last = period(start, end)
    times = range(first, last + 1, seconds("step", step) * 1000)
    if len(times) > MOST_POINTS:
        raise BadInput(f"step: {step} s gives {len(times)} points, and {MOST_POINTS} are the most; use a larger step")
    return Grid(times, step)


def written(moment: int) -> datetime:
    """As it is answered."""
    return datetime.fromtimestamp(moment / 1000, UTC)
