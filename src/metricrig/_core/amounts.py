"""Numbers of bytes and of seconds, written for people."""

from __future__ import annotations

_HUNDREDTH = 0.01
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def in_bytes(number: float) -> str:
    """``15.2 MiB``."""
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:  # noqa: PLR2004 - that is what the units mean
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"


def in_time(seconds: float) -> str:
    """``0.4 ms``, ``380 ms``, ``2.4 s``, ``3 min``, ``5 h``, ``2 d``."""
    if seconds < _HUNDREDTH:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    for size, unit in ((_DAY, "d"), (_HOUR, "h")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / _MINUTE:.0f} min"
