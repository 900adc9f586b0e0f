"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def clock(seconds: float) -> str:
    """``2024-01-01T00:00:30Z``, with milliseconds where there are any."""
    try:
        moment = datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds!r}"
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def offset(seconds: float) -> str:
    """``+90s``."""
    return f"+{round(seconds * 1000) / 1000:g}s"
