"""Settings of the sources of tools, from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass

from metricrig._core.errors import UsageError

SOURCES = ("explicit", "cache", "path", "release", "wheel", "debian", "go")
"""Every source, cheapest first."""

DOWNLOADING = ("release", "wheel", "debian", "go")

SILENCE = 30.0
DOWNLOAD_LIMIT = 4 << 30
"""Bytes: an order of magnitude more than the largest archive of the catalogue."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """``silence`` is how long a download may deliver nothing, in seconds, and ``download_limit`` its most bytes;
    ``unpack_limit`` is how many bytes an archive may become, 0 to judge by its own size.
    """

    sources: tuple[str, ...] = SOURCES
    offline: bool = False
    mirror: str = ""
    silence: float = SILENCE
    download_limit: int = DOWNLOAD_LIMIT
    unpack_limit: int = 0


def downloading(chosen: SourceSettings) -> tuple[str, ...]:
    """The sources among them that download; all, where the settings name none."""
    return tuple(name for name in chosen.sources if name in DOWNLOADING) or DOWNLOADING


def settings() -> SourceSettings:
    """Read ``METRICRIG_SOURCES``, ``_OFFLINE``, ``_MIRROR``, ``_UNPACK_LIMIT``, and what begins with ``_DOWNLOAD``."""
    return SourceSettings(
        sources=_sources(os.environ.get("METRICRIG_SOURCES", "")),
        offline=os.environ.get("METRICRIG_OFFLINE", "").lower() not in {"", "0", "false", "no"},
        mirror=os.environ.get("METRICRIG_MIRROR", "").rstrip("/"),
        silence=_amount("METRICRIG_DOWNLOAD_TIMEOUT", "seconds above 0, such as 30") or SILENCE,
        download_limit=int(_amount("METRICRIG_DOWNLOAD_LIMIT", "MiB above 0, such as 8192") * (1 << 20))
        or DOWNLOAD_LIMIT,
        unpack_limit=int(_amount("METRICRIG_UNPACK_LIMIT", "MiB above 0, such as 4096") * (1 << 20)),
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


def _amount(variable: str, wanted: str) -> float:
    """A positive number; 0 if none is stated."""
    stated = os.environ.get(variable, "")
    if not stated:
        return 0.0
    try:
        amount = float(stated)
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise UsageError(f"{variable}={stated!r} is no number of {wanted}")
    return amount
