"""Where metricrig keeps what outlives a run."""

from __future__ import annotations

import os
from pathlib import Path

ROOTS_CACHE = Path("/var/cache/metricrig")


def cache_root() -> Path:
    """The directory for everything that can be had again: ``METRICRIG_CACHE``, else the system's usual place.

    Root's own cache lies under a home that nobody else may enter, but servers such as PostgreSQL refuse to run
    as root and are started as somebody else: root therefore gets a place that all users can read.
    """
    chosen = os.environ.get("METRICRIG_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return ROOTS_CACHE
    from platformdirs import user_cache_path  # noqa: PLC0415 - only without METRICRIG_CACHE

    return user_cache_path("metricrig")
