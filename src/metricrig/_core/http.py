"""One GET, for asking a server whether it is there.

By hand, because ``http.client`` takes 25 ms to import, more than Redis takes to start.
"""

from __future__ import annotations

import re
import socket
import time

PATIENCE = 2.0
"""Seconds that one try may take: a server that accepts and then says nothing is asked anew."""
_ENOUGH = 16 << 20


def get(host: str, port: int, path: str) -> tuple[int, str]:
    """GET a page: its status and its text, cut at a length that no metrics page has."""
    request = f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    end = time.monotonic() + PATIENCE
    answer = bytearray()
    with socket.create_connection((host, port), PATIENCE) as connection:
        connection.sendall(request.encode())
        while len(answer) < _ENOUGH and (data := connection.recv(65536)):
            answer += data
            if time.monotonic() > end:
                raise TimeoutError
    head, _, body = answer.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/\d\.\d (\d{3})", head)
    if status is None:
        raise ConnectionError(f"not an HTTP answer: {bytes(answer[:80])!r}")
    return int(status[1]), body.decode(errors="replace")
