"""A receiver that answers as it is told, and remembers what it got."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler"], None]


def status(number: int, body: str = "", **headers: str) -> Reply:
    """An ordinary answer."""

    def reply(handler: Handler) -> None:
        handler.send_response(number)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body.encode())

    return reply


def broken(handler: Handler) -> None:
    """The connection is reset after the request was read."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hanging(handler: Handler) -> None:
    """No answer, until the receiver is closed."""
    handler.receiver.closing.wait(30)
    handler.close_connection = True


class Receiver(ThreadingHTTPServer):
    """``replies`` are used one after another; the last one stays."""

    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies = list(replies)
        self.got: list[bytes] = []
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.at_once = 0
        self.most_at_once = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """A broken connection is what was asked for."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    @property
    def receiver(self) -> Receiver:
        """Typed."""
        assert isinstance(self.server, Receiver)
        return self.server

    def do_GET(self) -> None:
        """The same, where there is nothing to read."""
        self.do_POST()

    def do_POST(self) -> None:
        """Read it all, then do as told."""
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        receiver = self.receiver
        with receiver.lock:
            receiver.got.append(body)
            receiver.at_once += 1
            receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
            reply = receiver.replies.pop(0) if len(receiver.replies) > 1 else receiver.replies[0]
        try:
            reply(self)
        finally:
            with receiver.lock:
                receiver.at_once -= 1

    def log_message(self, *_: Any) -> None:
        """Silence."""


@contextmanager
def receiving(*replies: Reply) -> Iterator[Receiver]:
    """A receiver for the length of a block."""
    with Receiver(*replies) as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.closing.set()
            receiver.shutdown()
            thread.join()
