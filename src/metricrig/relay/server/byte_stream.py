"""One direction of a connection: bytes from one socket to the other, under a gate if effects concern it.

Without one, they are spliced: the kernel hands them on, and they never are in this process. With one, they wait in a
queue until the gate lets them pass. Gates are exchanged at any byte, whatever is under way.
"""

from __future__ import annotations

import fcntl
import struct
from math import inf
from time import monotonic

from metricrig.relay.server.event_loop import READ, WRITE
from metricrig.relay.server.gate import CLOSED, RESET, Beginnings, Gate
from metricrig.relay.server.spliced_bytes import SplicedBytes
from metricrig.relay.server.waiting_bytes import WaitingBytes

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from typing import Protocol

    from metricrig.relay.effects import Effect
    from metricrig.relay.server.event_loop import Alarm, EventLoop
    from metricrig.relay.server.pipes import Pipes
else:
    Protocol = object

_READ = 1 << 16
_LARGE = 1 << 16
"""Bytes after which there are probably more."""
_TURNS = 4
"""How often those are taken before others have their turn."""
_SIOCOUTQNSD = 0x894B  # linux/sockios.h
_SENT_SOON = 0.001
"""Seconds until it is looked again whether the system has sent what it has."""
_PIECES = 64
"""Pieces that one stream passes before others have their turn."""
_FREE = Gate((), 0, Beginnings())
"""For what waits still, when no effect concerns it any more."""


class Ends(Protocol):
    """The connection of a stream, as far as the stream needs it."""

    def changed(self) -> None:
        """What a stream waits for may be something else now."""

    def end_passed(self, stream: ByteStream) -> None:
        """All has passed, and so may the end of its source."""

    def sink_broke(self, stream: ByteStream) -> None:
        """Whoever should receive is gone."""

    def finish(self, how: str) -> None:
        """The whole connection has to end."""


class ByteStream:
    """From ``source`` to ``sink``, each None until it is there."""

    source: socket.socket | None = None
    sink: socket.socket | None = None

    def __init__(self, connection: Ends, number: int, loop: EventLoop, pipes: Pipes) -> None:
        self.lost = 0
        self.end: str | None = None
        """How the source has ended, if it has."""
        self.done = False
        """That has been passed on, or the sink takes nothing any more."""
        self._gate: Gate | None = None
        self._begun = Beginnings()
        self._number = number
        self._queue = WaitingBytes()
        self._received = self._sent = 0
        self._ended_at = 0.0
        self._spliced = SplicedBytes(pipes)
        self._blocked = False
        self._alarm: Alarm | None = None
        self._connection, self._loop = connection, loop

    @property
    def passed(self) -> int:
        """Bytes that were handed on so far."""
        return self._spliced.passed + self._sent

    @property
    def came(self) -> int:
        """Bytes that were taken from the source so far."""
        return self._spliced.came + self._received

    @property
    def wants_source(self) -> int:
        """What it wants to hear of the source."""
        if self.end or self.done or self.source is None or self.sink is None or self._spliced.under_way:
            return 0
        if self._gate is not None and (self._gate.held or self._queue.size >= self._gate.ahead):
            return 0
        return 0 if self._gate is None and self._queue else READ

    @property
    def wants_sink(self) -> int:
        """What it wants to hear of the sink."""
        return WRITE if self._blocked and not self.done else 0

    @property
    def held(self) -> bool:
        """Whether nothing passes."""
        return self._gate is not None and self._gate.held

    def exchange(self, effects: Sequence[Effect]) -> None:
        """Have these effects and no others, on what waits and on what comes."""
        now, before = monotonic(), self._gate
        self._begun.exchange(effects, now, self.passed)
        self._gate = Gate(effects, self._number, self._begun) if effects else None
        heard_again = before is not None and before.swallows and not (self._gate and self._gate.swallows)
        if before is not None and heard_again and (self.lost or before.closes_all):
            self._connection.finish(CLOSED if before.closes_all else RESET)
            return
        if self._gate is not None:
            if under_way := self._spliced.take_out():
                self._queue.put(now, under_way)
            self._swallow()
        self.pump()

    def read(self) -> None:
        """The source has something, or has ended."""
        if not self.wants_source or self.source is None or self.sink is None:
            return
        try:
            if self._gate is None:
                self._splice(self.source, self.sink)
            else:
                self._receive(self.source, self._gate)
        except BlockingIOError:
            pass
        except OSError:
            self.source_ended(RESET)

    def source_ended(self, how: str) -> None:
        """There will be no more; what has come still passes."""
        if self.end is None or (how == RESET and self.end != RESET):
            was_done = self.done and self.end == CLOSED
            self.end, self._ended_at = how, monotonic()
            if was_done:  # its end has been passed on, and then it broke
                self._connection.finish(RESET)
                return
            if self._gate is not None:
                self._gate.something_came(self._ended_at)
        self.pump()

    def sink_ready(self) -> None:
        """The sink takes more."""
        if not self._blocked:
            return
        self._blocked = False
        if self._gate is None and not self._queue and self.sink is not None:
            self._drain(self.sink)
            self.read()  # what it can have at once, it need not be called for
            self._connection.changed()
        else:
            self.pump()

    def pump(self) -> None:
        """Pass on what may pass now."""
        self._ring_at(None)
        if self.sink is not None and not self.done:
            self._drain(self.sink)
            if not self._spliced.under_way and not self._blocked:
                self._pass_queue()
        if self._gate is not None and self._gate.deadlines:
            self._keep_deadlines(self._gate.deadlines)
        self._connection.changed()

    def close(self) -> None:
        """Nothing is passed any more."""
        self.done = True
        self._ring_at(None)
        self._queue.clear()
        self._spliced.close()

    # --- without a gate

    def _splice(self, source: socket.socket, sink: socket.socket) -> None:
        for _ in range(_TURNS):
            size = self._spliced.fill(source)
            if not size:
                self.source_ended(CLOSED)
                return
            self._drain(sink)
            if self._spliced.under_way or self.done:
                self._connection.changed()
                return
            if size < _LARGE:
                return

    def _drain(self, sink: socket.socket) -> None:
        """Hand on what has been spliced."""
        try:
            self._spliced.drain(sink)
        except BlockingIOError:
            self._blocked = True
        except OSError:
            self._sink_broke()

    # --- with a gate

    def _receive(self, source: socket.socket, gate: Gate) -> None:
        data = source.recv(_READ)
        if not data:
            self.source_ended(CLOSED)
            return
        now = monotonic()
        self._received += len(data)
        self._queue.put(now, data)
        gate.something_came(now)
        self._swallow()
        self.pump()

    def _swallow(self) -> None:
        if self._gate is not None and self._gate.swallows:
            self.lost += self._queue.clear()

    def _pass_queue(self) -> None:
        gate = self._gate or _FREE
        for _ in range(_PIECES):
            if not self._queue:
                self._pass_end(gate)
                return
            arrived, count, data = self._queue.first
            when, size = gate.next_piece(arrived, count, len(data), self.passed)
            if when > monotonic():
                self._ring_at(when)
                return
            if gate.slices and self._unsent():  # the system would make one segment of two pieces
                self._ring_at(monotonic() + _SENT_SOON)
                return
            if size and not self._send(gate, when, data[:size]):
                return
            if (how := gate.end_after(self.passed)) is not None:
                self._connection.finish(how)
                return
        self._ring_at(monotonic())

    def _send(self, gate: Gate, when: float, piece: bytes) -> bool:
        """Whether all of it has passed."""
        try:
            size = self.sink.send(gate.altered(piece, self.passed))  # type: ignore[union-attr]
        except BlockingIOError:
            self._blocked = True
            return False
        except OSError:
            self._sink_broke()
            return False
        gate.has_passed(when, monotonic())
        self._sent += size
        self._queue.passed(size)
        return True

    def _unsent(self) -> bool:
        """Whether the sink has bytes that the system has taken and not sent yet."""
        assert self.sink is not None  # noqa: S101 - as long as something passes
        (size,) = struct.unpack("i", fcntl.ioctl(self.sink.fileno(), _SIOCOUTQNSD, bytes(4)))
        return bool(size)

    def _pass_end(self, gate: Gate) -> None:
        if self.end is None:
            return
        when = gate.end_passes_at(self._ended_at, self._queue.count + 1)
        if when > monotonic():
            self._ring_at(when)
            return
        self.done = True
        self._connection.end_passed(self)

    def _sink_broke(self) -> None:
        """Whoever should receive is gone: nothing can be passed any more, and the other direction has ended."""
        self.close()
        self._connection.sink_broke(self)

    def _keep_deadlines(self, deadlines: list[tuple[float, str]]) -> None:
        when, how = min(deadlines)
        if when <= monotonic():
            self._connection.finish(how)
        elif self._alarm is None or self._alarm.when > when:
            self._ring_at(when)

    def _ring_at(self, when: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None if when is None or when == inf else self._loop.at(when, self.pump)
