"""Pages that are served by https."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from metricrig import Rig, Service, StartFailed, UsageError, metric, ready
from metricrig.metrics.http.client import Server, Unreachable
from metricrig.metrics.scraping.endpoint import Endpoint, ScrapeFailed, read
from metricrig.metrics.server_metrics import Metrics


class Page(BaseHTTPRequestHandler):
    """Always the same."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", "14")
        self.end_headers()
        self.wfile.write(b"queue_depth 5\n")

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def url(authority: trustme.CA) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_authority_of_ones_own_is_trusted(url: str, trust: Path) -> None:
    endpoint = Endpoint(url, trust=trust)
    Metrics(endpoint).wait(metric("queue_depth") == 5, within=60)
    assert endpoint.ask(5).read().page().value("queue_depth") == 5
    endpoint.close()
    assert read(url, trust=str(trust)).value("queue_depth") == 5


def test_an_unknown_authority_is_not_trusted(url: str) -> None:
    with pytest.raises(
        ScrapeFailed, match=r"its certificate is not trusted: .*; say whose it is: Endpoint\(url, trust="
    ):
        read(url)


def test_a_file_without_an_authority_is_no_excuse(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"trust='.*none.pem' is no PEM file .*: no such file"):
        read(url, trust=tmp_path / "none.pem")
    empty = tmp_path / "empty.pem"
    empty.touch()
    with pytest.raises(UsageError, match=r"trust='.*empty.pem' is no PEM file with an authority"):
        read(url, trust=empty)


SERVES = """
import http.server, os, ssl, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"queue_depth 5\\n")

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def https_service(authority: trustme.CA, *, trust: str | None) -> Service:
    """A service by https, whose files are in its own directory."""
    certificate = authority.issue_cert("127.0.0.1")
    chain = certificate.private_key_and_cert_chain_pem.bytes()
    return Service(
        name="page",
        command=lambda at: [sys.executable, "-I", "-c", SERVES, str(at.port), f"{at.dir}/chain.pem"],
        ports={"http": 8443},
        files={"chain.pem": chain, "authority.pem": authority.cert_pem.bytes()},
        ready=ready.https("/healthz"),
        metrics="https://{host}:{port}/metrics",
        trust=trust,
        start_within=30 if trust else 1,
    )


def test_a_service_by_https_is_ready_and_tells_its_metrics(authority: trustme.CA) -> None:
    with Rig("https") as rig:
        page = rig.add(https_service(authority, trust="{dir}/authority.pem"))
        rig.start()
        assert page.metrics.value("queue_depth") == 5
        page.metrics.wait(metric("queue_depth") == 5, within=20)
        url = page.metrics.endpoint.url.removesuffix("/metrics")
        server = Server(url, trust=page.trust)
        assert server.get("/x").status == 200
        server.close()
        with pytest.raises(Unreachable, match="its certificate is not trusted"):
            Server(url).get("/x")


def test_a_service_by_https_of_an_unknown_authority_is_not_ready(authority: trustme.CA) -> None:
    with Rig("https") as rig:
        rig.add(https_service(authority, trust=None))
        with pytest.raises(StartFailed, match=r"its certificate is not trusted: .*Service\(trust="):
            rig.start()
