"""Deaths that a test expects, and waits for: the wait's own exception wins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pytest_plugin.killing import CONFTEST

if TYPE_CHECKING:
    from support.suites import Ran, Runs

EXPECTED = """
    import os, signal, sys, time
    import pytest
    from metricrig import Rig, Service, ServiceDied, metric, wait_for
    from metricrig.pytest import service
    from metricrig.services import Redis
    from conftest import say

    PAGE = (
        "import http.server, sys\\n"
        "class Page(http.server.BaseHTTPRequestHandler):\\n"
        "    def do_GET(self):\\n"
        "        self.send_response(200); self.end_headers(); self.wfile.write(b'a 1\\\\n')\\n"
        "http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Page).serve_forever()\\n"
    )
    page = service(Service(
        name="page", command=[sys.executable, "-c", PAGE.replace("{", "{{"), "{port}"], ports={"http": 80},
        metrics="/metrics",
    ))

    def test_a_log(redis_server, soon_killed):
        soon_killed(redis_server.pid)
        with pytest.raises(ServiceDied, match="while waiting for a log line"):
            redis_server.logs.wait("never")

    def test_a_probe(redis_server, soon_killed):
        soon_killed(redis_server.pid)
        with pytest.raises(ServiceDied, match="while waiting for"):
            redis_server.wait(lambda _: False)

    def test_metrics(page, soon_killed):
        soon_killed(page.pid)
        with pytest.raises(ServiceDied, match="while waiting for"):
            page.metrics.wait(metric("a").sum() > 1)

    def test_metrics_of_several(page, soon_killed):
        soon_killed(page.pid)
        with pytest.raises(ServiceDied, match="while waiting for"):
            wait_for(page.metrics("a").sum() > 1)

    def test_killed_before_the_wait(redis_server):
        with pytest.raises(ServiceDied):
            os.kill(redis_server.pid, signal.SIGKILL)
            redis_server.logs.wait("never")

    def test_a_probe_that_does_not_answer(redis_server, soon_killed):
        soon_killed(redis_server.pid)
        with pytest.raises(ServiceDied):
            redis_server.wait(lambda _: time.sleep(30))

    def test_own_rig(soon_killed):
        with Rig() as rig:
            redis = rig.add(Redis())
            rig.start()
            soon_killed(redis.pid)
            with pytest.raises(ServiceDied):
                redis.logs.wait("never")

    def test_the_next(redis_server, page):
        assert say(redis_server, "PING") == b"+PONG\\r\\n"
"""

NOT_EXPECTED = """
    import threading, time
    import pytest
    from metricrig import ServiceDied
    from metricrig.pytest import service
    from metricrig.services import Redis

    other = service(Redis("other"))

    def test_it_is_not_expected(redis_server, soon_killed):
        soon_killed(redis_server.pid)
        redis_server.logs.wait("never")

    def test_another_is_waited_for(redis_server, other, soon_killed):
        soon_killed(other.pid)
        with pytest.raises(ServiceDied):
            redis_server.logs.wait("never")

    def test_a_thread_waits(redis_server, soon_killed):
        def wait():
            with pytest.raises(ServiceDied):
                redis_server.logs.wait("never")

        thread = threading.Thread(target=wait)
        thread.start()
        soon_killed(redis_server.pid)
        thread.join()
        time.sleep(30)

    def test_the_wait_is_over(redis_server, soon_killed):
        redis_server.logs.wait("Ready")
        soon_killed(redis_server.pid)
        with pytest.raises(ServiceDied):
            time.sleep(30)
"""


@pytest.fixture(scope="module")
def expected(run: Runs) -> Ran:
    return run(conftest=CONFTEST, test_it=EXPECTED)


@pytest.fixture(scope="module")
def unexpected(run: Runs) -> Ran:
    return run(conftest=CONFTEST, test_it=NOT_EXPECTED)


@pytest.mark.parametrize("test", re.findall(r"def (test_\w+)", EXPECTED))
def test_what_a_wait_raises_wins(expected: Ran, test: str) -> None:
    assert expected.outcomes()[test] == "passed", expected.why(test)


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("test_it_is_not_expected", "redis was killed by SIGKILL while waiting for a log line"),
        ("test_another_is_waited_for", "other was killed by SIGKILL during this test"),
        ("test_a_thread_waits", "redis was killed by SIGKILL during this test"),
        ("test_the_wait_is_over", "redis was killed by SIGKILL during this test"),
    ],
)
def test_what_no_wait_of_the_test_tells_is_a_failure(unexpected: Ran, test: str, why: str) -> None:
    assert unexpected.outcomes()[test] == "failed", unexpected.why(test)
    assert why in unexpected.why(test)


def test_the_failure_says_what_to_write(unexpected: Ran) -> None:
    assert "with server.may_die(): ..., or server.wait_for_end()" in unexpected.why("test_the_wait_is_over")
