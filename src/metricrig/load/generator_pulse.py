"""How late the generator itself is: it wants to wake every few milliseconds, and notes how much later it does."""

from __future__ import annotations

import asyncio
import threading
import time
from array import array
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY_SECONDS = 0.01
"""A hundred looks a second cost 0.3 % of a core."""


class GeneratorPulse:
    """When it woke and how late, on the monotonic clock; the processor time that it had, and that it waited for."""

    def __init__(self) -> None:
        self.at = array("d")
        self.late = array("d")
        self.parts: list[GeneratorPulse] = []
        """Those of worker processes, where they make the calls."""
        self.cpu = 0.0
        """Seconds of processor time that this process took."""
        self.starved = 0.0
        """Seconds that its threads were ready to run, and others had the processors."""
        self._cpu_before = time.process_time()
        self._starved_before = _starved()

    def between(self, began: float, ended: float) -> list[float]:
        """How late it was, in a time."""
        return [late for at, late in zip(self.at, self.late, strict=False) if began <= at <= ended]

    @contextmanager
    def in_thread(self) -> Iterator[None]:
        """For calls on threads: a thread beside them, which waits for the interpreter and the processors as they do."""
        over = threading.Event()

        def beat() -> None:
            wanted = time.monotonic() + EVERY_SECONDS
            while not over.wait(max(0.0, wanted - time.monotonic())):
                wanted = self._note(wanted)

        thread = threading.Thread(target=beat, name="metricrig load pulse", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self._read_processor()

    @contextmanager
    def in_loop(self) -> Iterator[None]:
        """For coroutines: in their own event loop."""
        beating = asyncio.ensure_future(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            self._read_processor()

    async def _beat(self) -> None:
        wanted = time.monotonic() + EVERY_SECONDS
        while True:
            await asyncio.sleep(wanted - time.monotonic())
            wanted = self._note(wanted)

    def _note(self, wanted: float) -> float:
        """Returns when it wants to wake next."""
        now = time.monotonic()
        self.at.append(now)
        self.late.append(max(0.0, now - wanted))
        return max(wanted, now) + EVERY_SECONDS

    def _read_processor(self) -> None:
        self.cpu = time.process_time() - self._cpu_before
        self.starved = max(0.0, _starved() - self._starved_before)


def _starved() -> float:
    """Linux knows it for each thread, in nanoseconds; elsewhere 0, and there is a reason less to name."""
    total = 0
    for each in Path("/proc/self/task").glob("*/schedstat"):
        try:
            total += int(each.read_text(encoding="ascii").split()[1])
        except (OSError, ValueError, IndexError):  # a thread that has ended meanwhile, or a kernel without it
            continue
    return total / 1e9
