"""A list of what is still open in this process, which is closed when the process ends."""

from __future__ import annotations

import atexit
from typing import Protocol


class Closes(Protocol):
    """Something that can be closed."""

    def close(self) -> None:
        """Close it."""


_open: set[Closes] = set()


def still_open() -> list[Closes]:
    """All that has not been closed."""
    return list(_open)


def close_at_exit(opened: Closes) -> None:
    """Close it when the process ends, unless that has been done by then."""
    if not _open:
        # Registered after the function that tells the janitor of this process's end, and therefore called before it.
        atexit.unregister(_close_all)
        atexit.register(_close_all)
    _open.add(opened)


def closed(known: Closes) -> None:
    """Somebody has closed it."""
    _open.discard(known)


def _close_all() -> None:
    """Close each, whatever becomes of the others; the first that failed is told."""
    errors: list[Exception] = []
    for each in still_open():
        try:
            each.close()
        except Exception as error:  # noqa: BLE001 - raised below, when all have been closed
            errors.append(error)
    if errors:
        raise errors[0]
