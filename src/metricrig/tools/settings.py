"""What the environment says about obtaining tools."""

from __future__ import annotations

import os
from dataclasses import dataclass

from metricrig._core.errors import UsageError

SOURCES = ("explicit", "cache", "path", "release", "wheel", "debian", "go")
"""Every source, cheapest first."""

SILENCE = 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """``silence`` is how long a download may deliver nothing, in seconds."""

    sources: tuple[str, ...] = SOURCES
    offline: bool = False
    mirror: str = ""
    silence: float = SILENCE


def settings() -> Settings:
    """Read ``METRICRIG_SOURCES``, ``_OFFLINE``, ``_MIRROR`` and ``_DOWNLOAD_TIMEOUT``."""
    return Settings(
        sources=_sources(os.environ.get("METRICRIG_SOURCES", "")),
        offline=os.environ.get("METRICRIG_OFFLINE", "").lower() not in {"", "0", "false", "no"},
        mirror=os.environ.get("METRICRIG_MIRROR", "").rstrip("/"),
        silence=_seconds(os.environ.get("METRICRIG_DOWNLOAD_TIMEOUT", "")),
    )


def _sources(stated: str) -> tuple[str, ...]:
    """A path that somebody gave explicitly counts before whatever order was asked for."""
    names = [name.strip() for name in stated.split(",") if name.strip()]
    unknown = [name for name in names if name not in SOURCES]
    if unknown:
        raise UsageError(
            f"METRICRIG_SOURCES={stated!r}: there is no source {unknown[0]!r}\n  sources are: {', '.join(SOURCES)}",
        )
    return tuple(dict.fromkeys(("explicit", *names))) if names else SOURCES


def _seconds(stated: str) -> float:
    if not stated:
        return SILENCE
    try:
        seconds = float(stated)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"METRICRIG_DOWNLOAD_TIMEOUT={stated!r} is no number of seconds above 0, such as 30")
    return seconds
