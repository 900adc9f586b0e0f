"""The moment at which a run is to stop, and why if that is before its time."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class RunStop:
    """Waited for by whoever calls: no further call begins. The first reason counts."""

    def __init__(self) -> None:
        self.why = ""
        """Why it ends before its time; empty when its time was over, or its block."""
        self.at = math.inf
        """When it was said, on the monotonic clock."""
        self.at_once = False
        """Whether calls that are under way are left alone, instead of being waited for."""
        self.at_once_since = math.inf
        """When that was said."""
        self.lost = False
        """Whether calls were made of which nothing is known."""
        self._set = threading.Event()
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def set(self, why: str = "", *, at_once: bool = False, lost: bool = False) -> None:
        """Stop."""
        with self._lock:
            if at_once and not self.at_once:
                self.at_once, self.at_once_since = True, time.monotonic()
            self.lost = self.lost or lost
            if not self._set.is_set():
                self.why, self.at = why, time.monotonic()
                self._set.set()
            elif lost and not self.why:  # its time is over, and something of it is missing all the same
                self.why = why
            listeners = list(self._listeners)
        for tell in listeners:
            tell()

    @property
    def is_set(self) -> bool:
        """Whether it has been said."""
        return self._set.is_set()

    def when_set(self, tell: Callable[[], None]) -> None:
        """Call this when it is said, from whichever thread says it; at once if it has been said."""
        with self._lock:
            self._listeners.append(tell)
            said = self._set.is_set()
        if said:
            tell()

    def wait_until(self, moment: float) -> bool:
        """Wait for a moment on the monotonic clock; False if it is stopped before."""
        left = min(moment - time.monotonic(), threading.TIMEOUT_MAX)
        return not (self._set.wait(left) if left > 0 else self._set.is_set())
