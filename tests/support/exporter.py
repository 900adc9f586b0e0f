"""A small real server with a metrics page, whose text a test changes."""

from __future__ import annotations

import contextlib
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from metricrig.metrics.scraping.endpoint import Endpoint
from metricrig.metrics.server_metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType


class Exporter:
    """Serves ``text``; with ``then``, calls it at each answer with the number of answers so far."""

    def __init__(self, text: str = "", *, content_type: str = "text/plain; version=0.0.4", name: str = "shop") -> None:
        self.text = text
        self.content_type = content_type
        self.name = name
        self.status = 200
        self.zipped = False
        self.broken_zip = False
        self.hangs_up = False
        self.answers = 0
        self.connections = 0
        self.accepted: list[str] = []
        self.then: Callable[[int], None] = lambda _: None
        self.exited = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.endpoint = Endpoint(f"http://127.0.0.1:{self._server.server_port}/metrics")
        self.metrics = Metrics(self.endpoint, watch=self, name=f"{name}.metrics")

    @contextlib.contextmanager
    def waited_for(self) -> Iterator[None]:
        yield

    def death(self, during: str) -> Exception:
        """As an instance would say it."""
        return RuntimeError(f"{self.name} died {during}")

    def body(self) -> bytes:
        """What is sent."""
        plain = self.text.encode()
        if self.broken_zip:
            return b"\x1f\x8b and no more"
        return gzip.compress(plain) if self.zipped else plain

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.endpoint.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(exporter: Exporter) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def setup(self) -> None:
            exporter.connections += 1
            super().setup()

        def do_GET(self) -> None:
            exporter.accepted.append(self.headers["Accept"])
            body = exporter.body()
            self.send_response(exporter.status)
            self.send_header("Content-Type", exporter.content_type)
            self.send_header("Content-Length", str(len(body)))
            if exporter.zipped or exporter.broken_zip:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.close_connection = exporter.hangs_up
            exporter.answers += 1
            exporter.then(exporter.answers)  # before the answer is out: whoever has it sees the effect
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    return Handler
