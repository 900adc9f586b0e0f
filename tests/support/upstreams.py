"""Servers on loopback for links to lead to: each does one thing with a connection, in a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 60.0
"""Seconds for a byte to come on a machine however busy."""


def echo(connection: socket.socket) -> None:
    """Say what is heard."""
    while piece := connection.recv(65536):
        connection.sendall(piece)


def talker(content: bytes) -> Callable[[socket.socket], None]:
    """Say this to whoever connects, and hang up when he does."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(content)
        connection.recv(1)

    return talk


def parting(content: bytes) -> Callable[[socket.socket], None]:
    """Say this to whoever connects, and hang up."""
    return lambda connection: connection.sendall(content)


class Upstream:
    """A server that does this with each connection; it ends with its context."""

    def __init__(self, serve: Callable[[socket.socket], None] = echo) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.heard: list[bytes] = []
        """What each connection that has ended has said, where ``serve`` is ``hearing``."""

    @property
    def address(self) -> str:
        """Host and port, as the API takes them."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def hearing(self, connection: socket.socket) -> None:
        """Keep what is heard, until its end."""
        said = bytearray()
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(65536):
                said += piece
        self.heard.append(bytes(said))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                each = threading.Thread(target=self._attend, args=(connection,), daemon=True)
                self._threads.append(each)
                each.start()

    def _attend(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._serve(connection)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # which wakes who accepts, as closing does not
        self._listener.close()
        for each in self._connections:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)


def dial(address: str) -> socket.socket:
    """A connection to where a proxy listens."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def hung_up_on(address: str) -> bool:
    """Whether who connects is told that it is over, before or after he has noticed that he is connected."""
    try:
        with dial(address) as connection:
            return connection.recv(1) == b""
    except ConnectionRefusedError:
        return False
    except ConnectionError:
        return True


def until_end(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    said = bytearray()
    while piece := connection.recv(65536):
        said += piece
    return bytes(said)


def exactly(connection: socket.socket, length: int) -> bytes:
    """So many bytes; fewer if the other side closes before."""
    said = bytearray()
    while len(said) < length and (piece := connection.recv(min(65536, length - len(said)))):
        said += piece
    return bytes(said)
