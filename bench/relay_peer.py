"""The far end of a measured connection, a process of its own: it counts what comes, or sends it back.

``python relay_peer.py``; prints its port. The first byte of a connection says what is wanted.
"""

from __future__ import annotations

import contextlib
import socket
import threading

ECHO, COUNT = b"e", b"c"
_PIECE = 1 << 20


def serve(connection: socket.socket) -> None:
    """Until it ends."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer, got = bytearray(_PIECE), 0
    with connection, contextlib.suppress(OSError):
        if connection.recv(1) == ECHO:
            while size := connection.recv_into(buffer):
                connection.sendall(memoryview(buffer)[:size])
        else:
            wanted = int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "big")
            while got < wanted and (size := connection.recv_into(buffer)):
                got += size
            connection.sendall(got.to_bytes(8, "big"))


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
