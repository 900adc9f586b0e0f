"""A witness: a connection through a link with both of its ends in our hands, which feels what the users' ones feel.

It comes to the link's own door and goes through the same relay, to a far end of ours instead of the link's target: so
it can tell whether a fault bites whatever the target speaks, and even if nobody runs it. Each is under one fault alone,
or under none: those show that what does not pass is held back by the fault, and not by a machine that is busy.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import TYPE_CHECKING, Literal, Self

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import DeadlineExceeded
from metricrig._core.frozen_class import frozen_by_name

if TYPE_CHECKING:
    from types import TracebackType

    from metricrig.relay.route import Route

    Way = Literal["up", "down"]

ANSWER_SECONDS = 30.0
"""Seconds in which what a witness waits for has come: far longer than it takes, for a machine may be busy."""
_PIECE = 1 << 18
_TCP_INFO_BYTES = 192
_DATA_SEGMENTS_IN = 152  # tcpi_data_segs_in in struct tcp_info, see linux/tcp.h


@frozen_by_name
class Carried:
    """What came of sending something."""

    data: bytes
    ended: str
    """"closed" or "reset" if the connection ended meanwhile, or empty."""
    seconds: float
    """From sending the first byte to receiving the last, or until nobody waited any longer."""


class Witness:
    """One connection. ``effect`` is the name of the one that concerns it; None for one that nothing is done to."""

    def __init__(self, route: Route, effect: str | None) -> None:
        self._unheard: dict[Way, int] = {"up": 0, "down": 0}
        """Bytes that were sent and have not arrived yet."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._far: socket.socket | None = None
        self._listener.settimeout(ANSWER_SECONDS)
        door = route.listen[0]
        self.near = socket.socket()
        try:
            self.near.settimeout(ANSWER_SECONDS)
            self.near.bind((door[0], 0))
            route.expect_proof(self.near.getsockname(), self._listener.getsockname(), effect)
            self.near.connect(door)
            _prepare(self.near)
        except BaseException:
            self.close()
            raise

    @property
    def far(self) -> socket.socket:
        """The end behind the link."""
        if self._far is None:
            self._far, _ = self._listener.accept()
            _prepare(self._far)
        return self._far

    def ends(self, way: Way) -> tuple[socket.socket, socket.socket]:
        """Who sends and who receives."""
        return (self.near, self.far) if way == "up" else (self.far, self.near)

    def carry(self, way: Way, data: bytes, *, size: int | None = None, within: float | None = None) -> Carried:
        """Send this, and receive as much or ``size``, or whatever comes until the connection ends or time is up."""
        size = len(data) if size is None else size
        sender, receiver = self.ends(way)
        began, until = time.monotonic(), Deadline.exactly(_seconds(within))
        unsent, got, ended = memoryview(data), bytearray(), ""
        while len(got) < size and not ended and not until.expired:
            readable, writable, _ = select.select([receiver], [sender] if unsent else [], [], until.remaining)
            if writable:
                try:
                    size_sent = sender.send(unsent[:_PIECE])
                except OSError:  # how it has ended, its receiver knows
                    unsent = unsent[:0]
                else:
                    unsent = unsent[size_sent:]
                    self._unheard[way] += size_sent
            if readable:
                piece, ended = _received(receiver)
                got += piece
                self._unheard[way] -= len(piece)
        return Carried(data=bytes(got), ended=ended, seconds=time.monotonic() - began)

    def end(self, way: Way, *, within: float | None = None) -> Carried:
        """End it in one direction, and wait for that to arrive."""
        sender, receiver = self.ends(way)
        began = time.monotonic()
        sender.shutdown(socket.SHUT_WR)
        select.select([receiver], [], [], _seconds(within))
        seconds = time.monotonic() - began
        return Carried(data=b"", ended=_received(receiver)[1], seconds=seconds)

    def send(self, way: Way, data: bytes) -> None:
        """Send a few bytes, and wait for nothing."""
        self._unheard[way] += self.ends(way)[0].send(data)

    def caught_up(self, way: Way) -> bool:
        """Whether all has arrived in the end that has ever been sent."""
        missing = self._unheard[way]
        return not missing or len(self.carry(way, b"", size=missing).data) == missing

    def reception(self) -> str:
        """What became of a new one: "accepted", once it has reached its far end; else "closed" or "reset"."""
        ready, _, _ = select.select([self.near, self._listener], [], [], ANSWER_SECONDS)
        return _received(self.near)[1] if self.near in ready else "accepted" if ready else "left alone"

    def how_it_ended(self, *, within: float | None = None) -> str:
        """How the near end learns of its end: "closed", "reset", or empty if it does not."""
        if not select.select([self.near], [], [], _seconds(within))[0]:
            return ""
        return _received(self.near)[1]

    def silent(self, way: Way) -> bool:
        """Whether nothing has come, and it has not ended."""
        receiver = self.ends(way)[1]
        return not select.select([receiver], [], [], 0)[0]

    def segments(self, way: Way) -> int:
        """How many segments with data have come."""
        info = self.ends(way)[1].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        if len(info) < _DATA_SEGMENTS_IN + 4:
            raise DeadlineExceeded("the system", wanted="the number of segments", seen="none", within=0)
        return int(struct.unpack_from("=I", info, _DATA_SEGMENTS_IN)[0])

    def close(self) -> None:
        """Both ends of it."""
        for each in (self.near, self._far, self._listener):
            if each is not None:
                each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _seconds(within: float | None) -> float:
    return ANSWER_SECONDS if within is None else within


def _prepare(end: socket.socket) -> None:
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    end.settimeout(0)


def _received(receiver: socket.socket) -> tuple[bytes, str]:
    try:
        piece = receiver.recv(_PIECE)
    except BlockingIOError:
        return b"", ""
    except ConnectionResetError:
        return b"", "reset"
    return piece, "" if piece else "closed"
