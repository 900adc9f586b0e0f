"""The socket of a test process to its janitor: many threads send, one listens, none waits for another.

A sender writes what the socket takes at once. What it does not take is written by a thread that exists only as long as
there is something left, so that the listener goes on reading meanwhile: the janitor never waits for us to read, and we
never wait for it to.
"""

from __future__ import annotations

import select
import socket
import threading
from typing import TYPE_CHECKING

from metricrig._core.resource_limits import start_thread
from metricrig.janitor.protocol import MessageBuffer, Outbox, encode

if TYPE_CHECKING:
    from metricrig.janitor.protocol import Message

QUEUE_LIMIT = 16 << 20
"""Bytes on their way after which a sender waits for the janitor to read: some thousand orders."""
_FLAGS = socket.MSG_DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0)


class Channel:
    """Both directions of the connection."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(None)  # for the listener; senders pass MSG_DONTWAIT
        self._socket = connection
        self._inbox = MessageBuffer(connection.fileno())
        self._outbox = Outbox(lambda data: connection.send(data, _FLAGS))
        self._written = threading.Condition()
        self._writing = False
        self._broken = False

    def receive(self) -> list[Message] | None:
        """Wait for messages; None when the other side is gone."""
        return self._inbox.receive()

    def send(self, message: Message, *, within: float) -> bool:
        """Send a message; False if there was no room for it in this time. ``OSError`` if the other side is gone."""
        data = encode(message)
        with self._written:
            if not self._written.wait_for(self._has_room, within):
                return False
            if self._broken:
                raise BrokenPipeError
            self._outbox.put(data)
            if not self._writing:
                self._outbox.flush()
                self._leave_rest()
        return True

    def flush(self, *, within: float) -> bool:
        """Wait until all is written: from then on it is received, even if this process is killed."""
        with self._written:
            return self._written.wait_for(lambda: not self._outbox.size, within)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def end(self) -> None:
        """Say that nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def _has_room(self) -> bool:
        return self._outbox.size < QUEUE_LIMIT or self._broken

    def _leave_rest(self) -> None:
        if self._outbox.size:
            self._writing = True
            try:
                start_thread(threading.Thread(target=self._write_rest, name="metricrig-janitor-writer", daemon=True))
            except BaseException:
                self._writing = False
                raise

    def _write_rest(self) -> None:
        poll = select.poll()
        poll.register(self._socket.fileno(), select.POLLOUT)
        while self._writing:
            poll.poll()
            with self._written:
                try:
                    self._outbox.flush()
                except OSError:
                    self._broken = True
                    self._outbox.clear()
                self._writing = self._outbox.size > 0
                self._written.notify_all()
