"""A connection that is relayed: two sockets, a stream in each direction, and how it begins and ends."""

from __future__ import annotations

import errno
import socket
import struct
from time import monotonic

from metricrig.relay.server.byte_stream import ByteStream
from metricrig.relay.server.event_loop import READ, WRITE
from metricrig.relay.server.gate import RESET

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.relay.effects import Effect
    from metricrig.relay.policy import Policy
    from metricrig.relay.server.event_loop import EventLoop
    from metricrig.relay.server.pipes import Pipes

    Address = tuple[str, int]

_UNSENT = 1 << 19
"""Bytes that the kernel takes for a receiver who does not: what it has taken, no effect can hold back any more.

With less, a receiver runs dry whenever this process has to wait for a processor.
"""
_AT_ONCE = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing is a reset."""
_LAST_WORDS = 2.0
"""Seconds in which a closed connection may still say what nobody hears: hanging up at once would be a reset."""


def prepared(connection: socket.socket) -> socket.socket:
    """One of whose bytes none is kept waiting."""
    connection.settimeout(0)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
    return connection


class RelayedConnection:
    """From whoever connected, ``near``, to the target. ``gone`` is called when it is no more."""

    def __init__(
        self,
        near: socket.socket,
        *,
        number: int,
        target: Address,
        concerns: Callable[[Effect], bool],
        loop: EventLoop,
        pipes: Pipes,
        gone: Callable[[RelayedConnection], None],
    ) -> None:
        self.number = number
        self.opened = monotonic()
        self.concerns = concerns
        """Which effects are for it."""
        self.up = ByteStream(self, number, loop, pipes)
        self.down = ByteStream(self, number, loop, pipes)
        self.up.source = self.down.sink = self._near = prepared(near)
        self._far: socket.socket | None = None
        self._dialled = False
        self._over = False
        self._target = target
        self._loop = loop
        self._gone = gone

    def apply(self, policy: Policy) -> None:
        """Have this policy and no other."""
        for stream, effects in ((self.up, policy.up), (self.down, policy.down)):
            if not self._over:
                stream.exchange([each for each in effects if self.concerns(each)])
        if not (self._over or self._dialled or self.up.held):
            self._dial()

    # --- as its streams see it

    def changed(self) -> None:
        """Listen for what the streams want."""
        if self._over:
            return
        self._loop.watch(self._near.fileno(), self.up.wants_source | self.down.wants_sink, self._near_ready)
        if self.up.sink is not None:
            self._loop.watch(self.up.sink.fileno(), self.down.wants_source | self.up.wants_sink, self._far_ready)

    def end_passed(self, stream: ByteStream) -> None:
        """Tell the other side, as it was told."""
        if stream.end == RESET:
            self.finish(RESET)
        elif self.up.done and self.down.done:
            self._close()
        elif stream.sink is not None:
            _end_output(stream.sink)

    def sink_broke(self, stream: ByteStream) -> None:
        """What one direction notices is news for the other, and under the effects there."""
        (self.down if stream is self.up else self.up).source_ended(RESET)

    def finish(self, how: str) -> None:
        """End it: by a reset, or so that what has passed arrives."""
        if self._over:
            return
        if how == RESET:
            for each in self._sockets():
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self._close()
            return
        sockets = self._sockets()
        self._leave()
        for each in sockets:
            _LastWords(each, self._loop)

    # --- inside

    def _dial(self) -> None:
        self._dialled = True
        try:
            family = socket.AF_INET6 if ":" in self._target[0] else socket.AF_INET
            self._far = far = prepared(socket.socket(family, socket.SOCK_STREAM))
            failure = far.connect_ex(self._target)
        except OSError:  # no more descriptors
            self.down.source_ended(RESET)
            return
        if failure not in {0, errno.EINPROGRESS}:
            self.down.source_ended(RESET)
            return
        self._loop.watch(far.fileno(), WRITE, self._dial_ended)

    def _dial_ended(self, _: int) -> None:
        far = self._far
        if far is None:
            return
        if far.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._loop.forget(far.fileno())
            self.down.source_ended(RESET)  # the nearest to a refusal that is left
            return
        self.up.sink = self.down.source = far
        self.changed()

    def _near_ready(self, found: int) -> None:
        if found & ~WRITE:
            self.up.read()
        if found & ~READ and not self._over:
            self.down.sink_ready()

    def _far_ready(self, found: int) -> None:
        if found & ~WRITE:
            self.down.read()
        if found & ~READ and not self._over:
            self.up.sink_ready()

    def _sockets(self) -> list[socket.socket]:
        return [self._near] if self._far is None else [self._near, self._far]

    def _leave(self) -> None:
        """Have nothing to do with the sockets any more."""
        self._over = True
        self.up.close()
        self.down.close()
        for each in self._sockets():
            self._loop.forget(each.fileno())
        self._gone(self)

    def _close(self) -> None:
        sockets = self._sockets()
        self._leave()
        for each in sockets:
            each.close()


class _LastWords:
    """A socket that has been told that this is the end, until the other side has understood."""

    def __init__(self, ended: socket.socket, loop: EventLoop) -> None:
        self._socket, self._loop = ended, loop
        _end_output(ended)
        self._alarm = loop.at(monotonic() + _LAST_WORDS, self._close)
        loop.watch(ended.fileno(), READ, self._hear)

    def _hear(self, _: int) -> None:
        try:
            if self._socket.recv(1 << 16):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._alarm.cancel()
        self._close()

    def _close(self) -> None:
        self._loop.forget(self._socket.fileno())
        self._socket.close()


def _end_output(ended: socket.socket) -> None:
    try:
        ended.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it is broken, which its next reader notices
