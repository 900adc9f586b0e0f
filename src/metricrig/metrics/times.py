"""Times, durations and steps as people and the query API write them. A time without its zone is refused."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    from typing import Any


Moment = float | int | datetime | str


def seconds(moment: Moment) -> float:
    """Seconds since 1970 of a number, a datetime with a zone, or a text such as ``2024-01-01T00:00:00Z``."""
    if isinstance(moment, int | float) and not isinstance(moment, bool):
        return float(moment)
    if not isinstance(moment, datetime | str):
        raise UsageError(f"expected a time such as '2024-01-01T00:00:00Z', 1704067200 or a datetime, got {moment!r}")
    try:
        parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        raise UsageError(f"expected a time such as '2024-01-01T00:00:00Z' or 1704067200, got {moment!r}") from None
    if parsed.tzinfo is None:
        raise UsageError(
            f"{moment!r} has no time zone, so it means a different time on each machine\n  what to do: {_zoned(moment)}"
        )
    return parsed.timestamp()


def _zoned(moment: datetime | str) -> str:
    if isinstance(moment, datetime):
        return "datetime(..., tzinfo=UTC), or .replace(tzinfo=UTC), with `from datetime import UTC`"
    return f"write {moment + 'Z' if len(moment) > len('2024-01-01') else moment + 'T00:00:00Z'!r} if UTC is meant"


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])")


@runtime_checkable
class Grid(Protocol):
    """Anything with a beginning, an end and a step, such as a timeline."""

    @property
    def start(self) -> Any:
        """The first time."""

    @property
    def end(self) -> Any:
        """The last time."""

    @property
    def step(self) -> Any:
        """From one to the next."""


def duration(length: Any) -> float:
    """Seconds of a number, a timedelta, or a text such as ``30s`` or ``1m30s``."""
    if isinstance(length, int | float):
        return float(length)
    if hasattr(length, "total_seconds"):
        return float(length.total_seconds())
    parts = _DURATION.findall(length)
    if not parts or "".join(number + unit for number, unit in parts) != length:
        raise UsageError(f"expected a duration such as '30s', '1m30s' or 30, got {length!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def written(time: float) -> str:
    """A time in the API: milliseconds, and never an exponent."""
    return f"{time:.3f}".rstrip("0").rstrip(".")


def steps(start: float, end: float, step: float) -> tuple[float, ...]:
    """Every time of a grid, the last included; in milliseconds, because 0.1 cannot be added up."""
    first, last, stride = round(start * 1000), round(end * 1000), round(step * 1000)
    if stride <= 0:
        raise UsageError(f"a step has to be at least a millisecond, got {step!r} s")
    if last < first:
        raise UsageError(f"the range ends at {end!r}, before its start at {start!r}")
    return tuple(time / 1000 for time in range(first, last + 1, stride))
