"""The processes that give a janitor orders: its owner over a socket pair, or several over a listening socket."""

from __future__ import annotations

import os

from metricrig.janitor.protocol import GREETING, MessageBuffer, Outbox, encode

TYPE_CHECKING = False  # see wire
if TYPE_CHECKING:
    import socket

    from metricrig.janitor.protocol import Message

SOCKET = "janitor.sock"
"""The listening socket, in the directory of a shared rig."""
TAKEN = 3
"""The exit status of a janitor that has found another one's socket there."""
UNREAD_LIMIT = 1 << 20
"""Bytes of answers that a member may leave unread before no further orders are taken from it."""
UNREAD_MOST = 64 << 20
"""Bytes after which it is given up: the ends of other members' processes are told to it as well, whatever it does."""


class JanitorMember:
    """One process that is connected. Nothing that it does or fails to do makes the janitor wait."""

    def __init__(self, descriptor: int, greeting: bytes = b"") -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self._inbox = MessageBuffer(descriptor, greeting)
        self._outbox = Outbox(lambda data: os.write(descriptor, data))

    def hear(self) -> list[Message] | None:
        """The messages that have arrived; None if it is gone."""
        return self._inbox.receive()

    def say(self, message: Message) -> None:
        """Send it a message, now or when it has read those before."""
        waits = self.has_unread
        self._outbox.put(encode(message))
        if not waits:
            self.flush()

    def flush(self) -> None:
        """Write what still waits to be sent; that it is dead is noticed by ``hear``."""
        try:
            self._outbox.flush()
        except OSError:
            self._outbox.clear()

    @property
    def has_unread(self) -> bool:
        """Whether something waits for it to read."""
        return self._outbox.size > 0

    @property
    def listens(self) -> bool:
        """Whether it reads its answers: from one that does not, no orders are taken meanwhile."""
        return self._outbox.size < UNREAD_LIMIT

    @property
    def hopeless(self) -> bool:
        """Whether it has left so much unread that it is given up."""
        return self._outbox.size > UNREAD_MOST

    def leave(self) -> None:
        """Close the connection."""
        os.close(self.descriptor)


class MemberListener:
    """The listening socket. It lies in the working directory, because the path of a socket has to be short."""

    def __init__(self) -> None:
        import socket  # noqa: PLC0415 - 5 ms, and only shared rigs have one

        self._socket: socket.socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(SOCKET)
        self._socket.listen()
        self._socket.settimeout(0)
        self.descriptor = self._socket.fileno()

    def enter(self) -> JanitorMember | None:
        """Accept those that are waiting to connect."""
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return None
        return JanitorMember(connection.detach(), GREETING)

    def close(self) -> None:
        """Close it: nobody can connect any more."""
        self._socket.close()
