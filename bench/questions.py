"""The readiness questions of the bare exec, asked with as little as possible: metricrig's own probes are not used."""

from __future__ import annotations

import socket

from bench.bare import LOOPBACK

_TIMEOUT = 2.0


def http_ok(path: str, port: int) -> bool:
    """Whether a GET is answered with 200."""
    return _answer(port, f"GET {path} HTTP/1.0\r\nHost: {LOOPBACK}\r\n\r\n")[9:12] == b"200"


def pong(port: int) -> bool:
    """Whether Redis answers a PING."""
    return _answer(port, "PING\r\n").startswith(b"+PONG")


def _answer(port: int, question: str) -> bytes:
    try:
        with socket.create_connection((LOOPBACK, port), _TIMEOUT) as connection:
            connection.sendall(question.encode())
            return connection.recv(4096)
    except OSError:
        return b""
