"""Answers know who has given them, so that expectations can."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from metrics.expect.engines import Real

from metricrig.metrics.promql import Promql
from metricrig.metrics.promql.identity import read
from metricrig.metrics.results import Matrix, Product, Vector


@pytest.mark.parametrize(
    ("page", "product"),
    [
        ('vm_app_version{version="x-v1.128.0", short_version="v1.128.0"} 1', Product("VictoriaMetrics", "1.128.0")),
        ('up 1\nvm_app_version{version="", short_version=""} 1', Product("VictoriaMetrics")),
        (
            'prometheus_build_info{branch="x",goversion="go1.19",version="2.42.0+ds"} 1',
            Product("Prometheus", "2.42.0+ds"),
        ),
        ("up 1", None),
        ("", None),
    ],
)
def test_a_product_is_read_from_its_own_metrics(page: str, product: Product | None) -> None:
    assert read(page) == product


def test_a_real_answer_says_who_has_given_it(real: Real) -> None:
    client = Promql(real.instance.url)
    name = {"v": "VictoriaMetrics", "p": "Prometheus"}[real.engine.name[0]]
    for answer in (client.query("vector(1)"), client.query_range("vector(1)", 1704103200, 1704103260, 30)):
        assert isinstance(answer, Matrix | Vector)
        assert answer.product is not None
        assert answer.product.name == name
    assert real.instance.query("vector(1)").product == Product(name, real.instance.version)  # type: ignore[attr-defined]
    assert real.instance.isolated().query("up").product == Product(name, real.instance.version)  # type: ignore[attr-defined]


def test_an_answer_is_compared_with_what_its_own_engine_should_say(real: Real) -> None:
    """No engine is named: whichever answers, of whichever version."""
    grid = real.isolated(start="2024-01-01T10:00:00Z", every="30s", length="5m")
    requests = grid.counter("requests_total").inc(50).inc(60).inc(70, by=40).inc(150)
    real.write(grid)
    selector = f'requests_total{{test="{grid.extra["test"]}"}}'
    got = real.instance.query_range(f"increase({selector}[1m])", grid)  # type: ignore[attr-defined]
    assert got == grid.expect.increase(requests, "1m")
    assert got != grid.expect.increase(requests.inc(71), "1m")


@pytest.fixture
def page() -> Iterator[tuple[ThreadingHTTPServer, list[str]]]:
    """A server of the query API whose metrics are the last of a list, and whose port outlives it."""
    pages = ['prometheus_build_info{version="2.42.0"} 1']

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(pages[-1] if self.path == "/metrics" else "")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer('{"status":"success","data":{"resultType":"vector","result":[]}}')

        def _answer(self, text: str) -> None:
            self.send_response(200 if text else 404)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server, pages
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_product_is_asked_again_when_the_server_may_be_another(
    page: tuple[ThreadingHTTPServer, list[str]],
) -> None:
    server, pages = page
    client = Promql(f"http://127.0.0.1:{server.server_port}")
    assert client.query("up").product == Product("Prometheus", "2.42.0")
    pages.append('prometheus_build_info{version="3.5.0"} 1')
    assert client.query("up").product == Product("Prometheus", "2.42.0")  # over the same connection
    client.server.close()  # as a server does that ends
    assert client.query("up").product == Product("Prometheus", "3.5.0")
    pages.append("")  # a proxy that passes queries alone
    client.server.close()
    assert client.query("up").product is None
