"""``ingest-api``: the same as a server, with its own metrics.

``POST /ingest`` takes ``{"metric": "orders_total", "value": 100, "labels": {"status": "ok"}}``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NoReturn

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from ingest.errors import BadUrl, IngestError, InvalidSample
from ingest.posted import sample_from
from ingest.retrying import Patience
from ingest.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LARGEST = 1 << 16
_STATUS = {
    "invalid": HTTPStatus.BAD_REQUEST,
    "rejected": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unreachable": HTTPStatus.SERVICE_UNAVAILABLE,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "timed_out": HTTPStatus.GATEWAY_TIMEOUT,
}


class Api(ThreadingHTTPServer):
    """The server: what its requests share."""

    daemon_threads = True  # one that keeps its connection open and asks nothing holds up nobody
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], url: str, patience: Patience) -> None:
        self.registry = CollectorRegistry()
        self.samples = Counter("ingest_samples", "Samples, by what came of them", ["outcome"], registry=self.registry)
        self.retries = Counter("ingest_retries", "Tries after the first", ["why"], registry=self.registry)
        self.writing = Gauge("ingest_requests_in_progress", "Being answered now", registry=self.registry)
        for outcome in ("ingested", *_STATUS):
            self.samples.labels(outcome)  # there before the first of them: a rate begins with 0
        self.writer = Writer(url, patience, self._retrying)
        self.idle = threading.Condition()
        self.busy = 0
        super().__init__(address, Handler)

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """A request from its begin until its answer has been sent."""
        with self.idle:
            self.busy += 1
        try:
            yield
        finally:
            with self.idle:
                self.busy -= 1
                self.idle.notify_all()

    def drain(self) -> None:
        """Wait until what has begun is answered: each try has its deadline, so this has one."""
        with self.idle:
            self.idle.wait_for(lambda: self.busy == 0)

    def _retrying(self, failure: IngestError, pause: float) -> None:
        self.retries.labels(failure.outcome).inc()
        sys.stderr.write(f"{failure}; again in {pause:.2g} s\n")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    server: Api

    def do_GET(self) -> None:
        """How it is."""
        if self.path == "/healthz":
            self._answer(HTTPStatus.OK, {"status": "ok"})
        elif self.path == "/metrics":
            self._send(HTTPStatus.OK, generate_latest(self.server.registry), CONTENT_TYPE_LATEST)
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "there are /ingest, /healthz and /metrics"})

    def do_POST(self) -> None:
        """Ingest a sample."""
        with self.server.answering():
            self._post()

    def _post(self) -> None:
        if self.path != "/ingest":
            self.close_connection = True  # as below
            self._answer(HTTPStatus.NOT_FOUND, {"error": "samples are posted to /ingest"})
            return
        with self.server.writing.track_inprogress():
            try:
                self.server.writer.write(sample_from(self._body()))
                outcome, status, said = "ingested", HTTPStatus.OK, {"status": "ingested"}
            except IngestError as error:
                outcome, status, said = error.outcome, _STATUS[error.outcome], {"error": str(error)}
        self.server.samples.labels(outcome).inc()
        self._answer(status, said)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LARGEST:
            self.close_connection = True  # what was not read would be taken for the next request
            raise InvalidSample(f"a body has a Content-Length of at most {_LARGEST}, not {length or 'none'}")
        return self.rfile.read(int(length))

    def _answer(self, status: HTTPStatus, content: Mapping[str, str]) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(words: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C, then finish what has begun."""
    parser = argparse.ArgumentParser(
        prog="ingest-api", description="Take samples by HTTP, and write them into a store."
    )
    parser.add_argument("--metrics-url", metavar="URL", required=True, help="of the store")
    parser.add_argument("--listen", metavar="HOST:PORT", default="127.0.0.1:8080")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=5.0, help="for one try (%(default)g)")
    parser.add_argument("--within", metavar="SECONDS", type=float, default=15.0, help="for all tries (%(default)g)")
    asked = parser.parse_args(words)
    host, _, port = asked.listen.rpartition(":")
    try:
        server = Api((host, int(port)), asked.metrics_url, Patience(asked.timeout, asked.within))
    except (BadUrl, OSError, ValueError) as error:
        sys.stderr.write(f"ingest-api: {error}\n")
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stderr.write(f"listening on {asked.listen}, writing to {server.writer.url}\n")
    with server, server.writer:
        server.serve_forever(poll_interval=0.05)
        server.drain()
    return 0


def run() -> NoReturn:
    """The console script."""
    raise SystemExit(main())
