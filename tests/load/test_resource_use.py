"""What a service used while it was loaded, as a whole and in a part of the time."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import pytest

from metricrig import Rig, Service, load, ready
from metricrig.load.resource_use import use_of
from metricrig.resources import Resources

IDLE = Resources(cpu_seconds=1.0, rss=100, rss_peak=100, fds=5, threads=1, processes=1)
SAMPLES = [
    (10.0, IDLE),
    (12.0, replace(IDLE, cpu_seconds=2.0, rss=300, fds=9)),
    (14.0, replace(IDLE, cpu_seconds=2.0, rss=200, fds=6)),
]
SHOP = """
import http.server, sys

class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        sum(range(300_000))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
"""


def test_use_is_what_was_added_in_the_time() -> None:
    whole = use_of(SAMPLES, 10, 14, 100)
    assert whole.cpu_seconds == 1.0
    assert whole.cpu_per_call == pytest.approx(0.01)
    assert (whole.rss, whole.rss_growth) == (300, 100)
    assert (whole.fds, whole.fds_growth) == (9, 1)


@pytest.mark.parametrize(
    ("began", "ended", "cpu"),
    [(10, 11, 0.5), (11, 14, 0.5), (12, 14, 0.0), (5, 20, 1.0), (10.5, 11.5, 0.5), (20, 30, 0)],
)
def test_between_two_looks_it_grows_evenly(began: float, ended: float, cpu: float) -> None:
    assert use_of(SAMPLES, began, ended, 10).cpu_seconds == pytest.approx(cpu)


def test_without_calls_none_has_cost_anything() -> None:
    assert use_of(SAMPLES, 10, 14, 0).cpu_per_call == 0


def test_a_service_is_watched_while_it_is_loaded(rig: Rig) -> None:
    shop = rig.add(
        Service(
            name="shop",
            command=[sys.executable, "shop.py", "{port[http]}"],
            files={"shop.py": SHOP},
            ports={"http": 8000},
            cwd="{dir}",
            ready=ready.http("/"),
        )
    )
    rig.start()
    with load.background(load.request(shop, "GET /"), rate=50, lag="60s", watch=[shop]) as traffic:
        time.sleep(1)
        middle = time.monotonic()
        time.sleep(1)
    used = traffic.resources["shop"]
    assert used.cpu_seconds > 0
    assert used.cpu_per_call == pytest.approx(used.cpu_seconds / traffic.calls)
    assert used.rss > 1 << 20
    assert used.fds > 0
    halves = [traffic.before(middle).resources["shop"], traffic.after(middle).resources["shop"]]
    assert sum(each.cpu_seconds for each in halves) == pytest.approx(used.cpu_seconds)


def test_what_cannot_be_watched_is_told_before_anything_is_called(rig: Rig) -> None:
    never_started = rig.add(Service(name="shop", command=["sleep", "1"]))
    made: list[int] = []
    with pytest.raises(Exception, match="shop"):
        load.open_loop(lambda: made.append(1), rate=50, for_="60s", watch=[never_started])
    assert not made
