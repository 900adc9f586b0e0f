"""The same load by either driver."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from support.shop_client import Shop

from metricrig import ToolUnavailable, UsageError, load
from metricrig.load.requests.vegeta_tool import VEGETA
from metricrig.tools import obtain

pytestmark = pytest.mark.timeout(1200)  # it may have to be built first


@pytest.fixture(params=["python", "vegeta"])
def driver(request: pytest.FixtureRequest) -> str:
    """Each of them; Vegeta where it can be had."""
    if request.param == "vegeta":
        try:
            obtain(VEGETA)
        except ToolUnavailable as lacking:
            pytest.skip(str(lacking))
    return str(request.param)


def test_each_request_is_made_and_known(shop: Shop, driver: str) -> None:
    run = load.http(shop.url, "POST /buy?n=1", rate=200, for_="1s", body=b"book", headers={"X-A": "b"}, driver=driver)
    assert run.measured.calls == 200
    assert run.measured.failed == 0
    assert shop.seen()[1:] == (200, shop.seen()[2])
    assert "POST /buy?n=1 HTTP/1.1 book" in shop.seen()[2]
    assert 0 < run.measured.p50 <= run.measured.p99 <= run.measured.max
    half = run.after(run.began + 0.5).measured
    assert half.calls == pytest.approx(100, abs=2), "each is known by the time at which it was due"


def test_failures_are_counted_by_kind(shop: Shop, driver: str) -> None:
    bad = load.http(shop.url, "GET /503", rate=100, for_="200ms", driver=driver).measured
    assert bad.failed == bad.calls == 20
    assert len(bad.errors) == 1
    assert "503" in next(iter(bad.errors))
    silent = load.http(shop.url, "GET /hang", rate=50, for_="200ms", driver=driver, timeout="500ms").measured
    assert silent.failed == 10
    assert silent.p50 >= 0.5
    shop.process.kill()
    shop.process.wait()
    gone = load.http(shop.url, "GET /", rate=100, for_="200ms", driver=driver).measured
    assert gone.failed == 20
    assert len(gone.errors) == 1
    assert "refused" in next(iter(gone.errors)).lower() or "connect call failed" in next(iter(gone.errors)).lower()


INTERRUPTED = """
import signal, sys, threading, os
from metricrig import load

signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    load.http(sys.argv[1], "GET /", rate=50, for_="600s", driver=sys.argv[2])
except KeyboardInterrupt as interrupted:
    print(interrupted.run.measured.calls)
"""


def test_an_interrupt_ends_it_with_what_was_measured(shop: Shop, driver: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, shop.url, driver]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    assert 0 < int(done.stdout) < 600 * 50


def test_a_rate_that_changes_needs_our_own_driver(shop: Shop) -> None:
    run = load.http(shop.url, "GET /", rate=load.steps(50, 100, every="200ms"), for_="400ms")
    assert run.measured.calls == 30
    with pytest.raises(UsageError, match="a constant one"):
        load.http(shop.url, "GET /", rate=load.poisson(50, seed=1), for_="1s", driver="vegeta")
    with pytest.raises(UsageError, match="driver="):
        load.http(shop.url, "GET /", rate=50, for_="1s", driver="wrk")


def test_without_vegeta_python_drives(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: object) -> None:
        raise ToolUnavailable("vegeta", "any", [], remedy="none")

    monkeypatch.setattr("metricrig.tools.acquisition.obtain", lacking)
    assert load.http(shop.url, "GET /", rate=50, for_="200ms").measured.calls == 10
    with pytest.raises(ToolUnavailable):
        load.http(shop.url, "GET /", rate=50, for_="200ms", driver="vegeta")


class Welcome(http.server.BaseHTTPRequestHandler):
    """Answers with nothing, and says nothing of it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_a_server_of_https_is_trusted_by_its_own_authority(driver: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    trust = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trust))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Welcome)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"https://127.0.0.1:{server.server_address[1]}"
        trusted = SimpleNamespace(url=url, trust=str(trust))
        assert load.http(trusted, "GET /", rate=50, for_="200ms", driver=driver).measured.errors == {}
        stranger = load.http(url, "GET /", rate=50, for_="200ms", driver=driver).measured
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert stranger.failed == stranger.calls == 10
    assert "certificate" in next(iter(stranger.errors))
