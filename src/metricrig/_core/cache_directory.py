"""The cache directory: what metricrig keeps from one run to the next."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextlib.contextmanager
def writing_cache(what: str) -> Iterator[None]:
    """Turn errors of writing to the cache within a block into ``Unavailable``; ``what`` cannot be had for them."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise Unavailable(
            what,
            reason=f"the cache {cache_root()} {'is full' if full else 'cannot be written'}: {error}",
            remedy="free some space there, or set METRICRIG_CACHE to a directory with more"
            if full
            else "set METRICRIG_CACHE to a directory that you may write",
        ) from error
