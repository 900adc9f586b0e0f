"""A latch: opened once, it wakes whoever waits for that. A ``threading.Event`` that survives Ctrl-C.

An Event waits within a lock that it takes again afterwards, in Python: where Ctrl-C comes between, the lock is
released without having been taken, and a test ends with "release unlocked lock" instead of KeyboardInterrupt. Here
each that waits has a lock of its own, which the system waits on, and nothing is taken again.
"""

from __future__ import annotations

import threading
from contextlib import suppress


class Latch:
    """Closed at first; ``set`` opens it for ever."""

    __slots__ = ("_open", "_waiting")

    def __init__(self, *, is_set: bool = False) -> None:
        self._open = is_set
        self._waiting: list[threading.Lock] = []

    def is_set(self) -> bool:
        """Whether it is open."""
        return self._open

    def set(self) -> None:
        """Open it; a second time does nothing."""
        self._open = True
        for each in list(self._waiting):
            with suppress(RuntimeError):  # another thread has opened it too
                each.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is open, or so many seconds; whether it is open then."""
        if self._open:
            return True
        mine = threading.Lock()
        mine.acquire()
        self._waiting.append(mine)
        try:
            if not self._open:  # it was opened before we were known to wait
                mine.acquire(timeout=-1 if timeout is None else max(timeout, 0))
        finally:
            self._waiting.remove(mine)
        return self._open
