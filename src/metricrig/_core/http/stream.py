"""Sending and receiving on a socket until a deadline: each step has only the time that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.http.errors import NotHttp, OutOfTime

if TYPE_CHECKING:
    import socket

    from metricrig._core.deadlines import Deadline

_PIECE = 1 << 18
"""Bytes asked for at once: more make a page of 10 MB no faster."""


class TimedStream:
    """What a connection sends and receives until ``deadline``."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self.socket = connection
        self.deadline = deadline
        self.ahead = bytearray()
        """Bytes that have arrived and were not asked for yet."""
        self.received = 0

    def send(self, data: bytes) -> None:
        """All of it. Not ``sendall``, which over TLS begins to count anew with each record."""
        left = memoryview(data)
        while left:
            self.allow()
            left = left[self.socket.send(left) :]

    def piece(self, most: int) -> bytes:
        """What comes next, at most so many bytes; nothing once the server has closed."""
        if not self.ahead:
            data = self._received()
            if len(data) <= most:
                return data
            self.ahead += data
        piece = bytes(self.ahead[:most])
        del self.ahead[:most]
        return piece

    def fill(self, view: memoryview) -> None:
        """As many bytes as there is room for, without a copy of them in between."""
        had = min(len(self.ahead), len(view))
        view[:had] = self.ahead[:had]
        del self.ahead[:had]
        view = view[had:]
        while view:
            self.allow()
            count = self.socket.recv_into(view)
            if not count:
                raise NotHttp(f"the server closed the connection, and {len(view)} bytes of its answer were missing")
            self.received += count
            view = view[count:]

    def until(self, mark: bytes, most: int, what: str) -> bytes:
        """Everything before a mark, which is taken too; ``what`` names it should it be longer than ``most`` bytes."""
        start = 0
        while (found := self.ahead.find(mark, start)) < 0:
            if len(self.ahead) > most:
                raise NotHttp(f"{what} does not end")
            start = max(0, len(self.ahead) - len(mark) + 1)
            self._more(what)
        if found > most:
            raise NotHttp(f"{what} does not end")
        data = bytes(self.ahead[:found])
        del self.ahead[: found + len(mark)]
        return data

    def _more(self, what: str) -> None:
        data = self._received()
        if not data:
            came = f"after {bytes(self.ahead[:80])!r}" if self.ahead else "and said nothing"
            raise NotHttp(f"the server closed the connection {came}, where {what} was expected")
        self.ahead += data

    def _received(self) -> bytes:
        self.allow()
        data = self.socket.recv(_PIECE)
        self.received += len(data)
        return data

    def allow(self) -> None:
        """Give the next step on the socket the time that is left."""
        left = self.deadline.remaining
        if not left:  # which would mean, to a socket, not to wait at all
            raise TimeoutError
        self.socket.settimeout(left)

    def out_of_time(self) -> OutOfTime:
        """The error for a step that did not end in time."""
        seen = f"{self.received} bytes had come" if self.received else "nothing"
        return OutOfTime(self.deadline.within, seen)
