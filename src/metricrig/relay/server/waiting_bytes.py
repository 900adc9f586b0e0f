"""Bytes that wait until they may pass: in pieces, in the order in which they came, each with when that was."""

from __future__ import annotations

from collections import deque


class WaitingBytes:
    """Those of one direction."""

    def __init__(self) -> None:
        self.size = 0
        self.count = 0
        """Pieces that have come so far."""
        self._pieces: deque[tuple[float, int, bytes]] = deque()

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def first(self) -> tuple[float, int, bytes]:
        """The next to pass: when it has come, as the how-manieth, and what it is."""
        return self._pieces[0]

    def put(self, now: float, data: bytes) -> None:
        """One more piece."""
        self.count += 1
        self.size += len(data)
        self._pieces.append((now, self.count, data))

    def passed(self, size: int) -> None:
        """So many bytes of the first piece wait no more; the rest of it is the first one now."""
        self.size -= size
        arrived, count, data = self._pieces.popleft()
        if size < len(data):
            self._pieces.appendleft((arrived, count, data[size:]))

    def clear(self) -> int:
        """Lose all of them; returns how many bytes that were."""
        lost, self.size = self.size, 0
        self._pieces.clear()
        return lost
