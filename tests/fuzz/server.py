"""A server that says to each client what it was told to say, and hangs up."""

from __future__ import annotations

import contextlib
import socket
import threading

_HANG_UP_TIMEOUT = 5.0


class CannedServer:
    """At a port of 127.0.0.1; clients come one after another."""

    def __init__(self) -> None:
        self.answer = b""
        self._door = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self._door.getsockname()
        return host, port

    @property
    def url(self) -> str:
        """The same for clients of HTTP."""
        return "http://{}:{}".format(*self.address)

    def saying(self, answer: bytes) -> CannedServer:
        """The same server, for the next client."""
        self.answer = answer
        return self

    def _serve(self) -> None:
        while True:
            connection, _ = self._door.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(_HANG_UP_TIMEOUT)
                connection.sendall(self.answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):  # until it hangs up: a reset would take away what it has not read
                    pass
