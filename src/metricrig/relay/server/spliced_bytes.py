"""Bytes that are spliced: from a socket into a pipe and on into another one, without ever being in this process."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    import socket

    from metricrig.relay.server.pipes import Pipe, Pipes

_MOST = 1 << 20
"""Bytes at a time: more than a pipe holds."""
_FLAGS = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK


class SplicedBytes:
    """Those of one direction that are under way; a pipe is borrowed for as long as there are any."""

    def __init__(self, pipes: Pipes) -> None:
        self.under_way = 0
        self.came = self.passed = 0
        """Bytes so far."""
        self._pipes = pipes
        self._pipe: Pipe | None = None

    def fill(self, source: socket.socket) -> int:
        """Take what the source has; returns how many bytes, 0 at its end."""
        pipe = self._pipes.borrow()
        try:
            self.under_way = os.splice(source.fileno(), pipe.inlet, _MOST, flags=_FLAGS)
        finally:
            if self.under_way:
                self._pipe = pipe
            else:
                self._pipes.give_back(pipe)
        self.came += self.under_way
        return self.under_way

    def drain(self, sink: socket.socket) -> None:
        """Hand on all of it; ``BlockingIOError`` if the sink takes no more for now."""
        while self._pipe is not None:
            size = os.splice(self._pipe.outlet, sink.fileno(), self.under_way, flags=_FLAGS)
            self.passed += size
            self._left(size)

    def take_out(self) -> bytes:
        """All of it, to be handed on otherwise."""
        data = b""
        while self._pipe is not None:
            piece = os.read(self._pipe.outlet, self.under_way)
            data += piece
            self._left(len(piece))
        return data

    def close(self) -> None:
        """Lose it."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe, self.under_way = None, 0

    def _left(self, size: int) -> None:
        self.under_way -= size
        if not self.under_way and self._pipe is not None:
            self._pipes.give_back(self._pipe)
            self._pipe = None
