"""A moment as people write it: seconds since 1970, a text or a datetime. Without its zone it is refused."""

from __future__ import annotations

from datetime import datetime

from metricrig._core.errors import UsageError

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
