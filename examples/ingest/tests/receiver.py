"""A receiver of remote write that answers as it is told: real stores say 429 and 503 only now and then."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

import cramjam
from ingest.wire import WriteRequest


class Answer(NamedTuple):
    """A status, a text, and perhaps when to come back."""

    status: int
    text: str = ""
    retry_after: str | None = None


TAKEN = Answer(204)


class Receiver(ThreadingHTTPServer):
    """It gives its ``answers`` one after another, then takes everything. What it cannot decode it refuses."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Answer] = []
        self.requests: list[Any] = []
        """What it could decode, whatever it has answered."""
        self.moments: list[float] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        """As real ones do it: understand, then answer."""
        self.server.moments.append(time.monotonic())
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            message = WriteRequest.FromString(bytes(cramjam.snappy.decompress_raw(body)))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it
            self._answer(Answer(400, f"cannot decode: {error}"))
            return
        self.server.requests.append(message)
        self._answer(self.server.answers.pop(0) if self.server.answers else TAKEN)

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.retry_after is not None:
            self.send_header("Retry-After", answer.retry_after)
        if answer.status != TAKEN.status:
            self.send_header("Content-Length", str(len(answer.text)))
        self.end_headers()
        if answer.status != TAKEN.status:
            self.wfile.write(answer.text.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""
