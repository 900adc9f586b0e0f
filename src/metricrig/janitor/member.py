"""Who gives a janitor its orders: its owner over a socket pair, or several processes that come to its door."""

from __future__ import annotations

import contextlib
import os
import select
from typing import TYPE_CHECKING

from metricrig.janitor.wire import Inbox, encode

if TYPE_CHECKING:
    import socket

    from metricrig.janitor.wire import Message

SOCKET = "janitor.sock"
"""The door, in the directory of a shared rig."""


class Member:
    """One process that is connected."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self._inbox = Inbox(descriptor)

    def hear(self) -> list[Message] | None:
        """What it has said since; None if it is gone."""
        return self._inbox.receive()

    def say(self, message: Message) -> None:
        """Tell it; one that is dead is noticed elsewhere."""
        data = encode(message)
        with contextlib.suppress(OSError):
            while data:
                select.select([], [self.descriptor], [])
                data = data[os.write(self.descriptor, data) :]

    def leave(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)


class Door:
    """Where further members come in. It lies in the working directory, because a socket's path is a short one."""

    def __init__(self) -> None:
        import socket  # noqa: PLC0415 - 5 ms, and only shared rigs have a door

        self._socket: socket.socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(SOCKET)
        self._socket.listen()
        self._socket.settimeout(0)
        self.descriptor = self._socket.fileno()

    def enter(self) -> Member | None:
        """Whoever is waiting there."""
        with contextlib.suppress(OSError):
            connection, _ = self._socket.accept()
            return Member(connection.detach())
        return None

    def close(self) -> None:
        """Nobody comes in any more."""
        self._socket.close()
