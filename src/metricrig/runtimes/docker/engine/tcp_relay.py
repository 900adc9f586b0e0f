"""A small relay: what comes to a port of 127.0.0.1 goes to another address, and the answers come back."""

from __future__ import annotations

import contextlib
import socket
import threading

from metricrig._core.ports import LOOPBACK

_CHUNK = 1 << 16
_DIAL_WITHIN = 10.0


class TcpRelay:
    """Until it is closed. A connection that nobody takes at the other end is closed at once."""

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server((LOOPBACK, port), reuse_port=False)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._accept, name="metricrig-relay", daemon=True).start()

    def close(self) -> None:
        """Listen no more, and hang up on everybody."""
        with self._lock:
            self._closed = True
            waiting = [self._listener, *self._open]
        for each in waiting:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), name="metricrig-relay", daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(self._target, _DIAL_WITHIN) as far:
            far.settimeout(None)
            for each in (near, far):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                if self._closed:
                    return
                self._open |= {near, far}
            back = threading.Thread(target=_pour, args=(far, near), name="metricrig-relay", daemon=True)
            back.start()
            _pour(near, far)
            back.join()
            with self._lock:
                self._open -= {near, far}


def _pour(source: socket.socket, target: socket.socket) -> None:
    """Until one side has no more to say, which the other is told."""
    try:
        while data := source.recv(_CHUNK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one of them has gone: so does the other
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
