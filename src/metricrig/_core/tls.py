"""TLS contexts: for the authority of a test's own PEM file, or for those that the system knows."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext


def trusting(authority: str | Path | None) -> SSLContext:
    """A context by the PEM file ``authority``; an ``OSError`` if it is none."""
    if authority is None:
        return _made(None, ())
    seen = Path(authority).stat()
    return _made(str(authority), (seen.st_mtime_ns, seen.st_size, seen.st_ino))


# Reading the system's authorities takes 20 ms, and a server that is not ready is asked often.
@functools.lru_cache(maxsize=8)
def _made(authority: str | None, _: tuple[int, ...]) -> SSLContext:
    import ssl  # noqa: PLC0415 - 10 ms, and few pages are served by https

    return ssl.create_default_context(cafile=authority)
