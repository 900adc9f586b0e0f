"""How soon a wait returns after the value has changed, and what it costs meanwhile; and what an isolated view costs."""

from __future__ import annotations

import random
import sys
import time
from statistics import median
from typing import TYPE_CHECKING
from urllib.request import urlopen

from bench.finding import MS, Finding, Report, Target
from metricrig import Rig, Service, metric
from metricrig.services import VictoriaMetrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig import Instance

ROUNDS = 60
VIEWS = 1000
BYSTANDERS = 200
DELAYS = (0.3, 1.2)

# ``/soon/7/0.5`` makes ``jobs_done`` 7 in half a second. When it did is on the page too, by CLOCK_MONOTONIC,
# which is the same for all processes of a machine.
EXPORTER = """
import http.server, sys, threading, time

now = {"jobs_done": 0.0, "changed_at": 0.0}
others = "".join(f'requests_total{{path="/{number}"}} {number}\\n' for number in range(int(sys.argv[2])))

def change(value):
    now.update(jobs_done=value, changed_at=time.monotonic())

class Exporter(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/soon/"):
            _, _, value, delay = self.path.split("/")
            threading.Timer(float(delay), change, [float(value)]).start()
        page = others + "".join(f"{name} {value!r}\\n" for name, value in now.items())
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *words):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Exporter).serve_forever()
"""


def run(scale: float) -> Report:
    """Waits for an exporter of its own, then views of a VictoriaMetrics."""
    rounds = max(5, round(ROUNDS * scale))
    with Rig("bench") as rig:
        exporter = rig.add(_exporter())
        server = rig.add(VictoriaMetrics())
        rig.start()
        rows = [*_waiting(exporter, rounds), _isolation(server.isolated, max(100, round(VIEWS * scale)))]
    page = (
        f"The page has {BYSTANDERS + 2} samples; the value changes at a random moment, {DELAYS[0]:g} to {DELAYS[1]:g} s"
    )
    return Report(rows, (f"{page} after the wait began. CPU is of the whole waiting process.",))


def _exporter() -> Service:
    return Service(
        name="exporter",
        command=lambda at: [sys.executable, "-I", "-c", EXPORTER, str(at.port), str(BYSTANDERS)],
        ports={"http": 80},
        metrics="/metrics",
    )


def _waiting(exporter: Instance, rounds: int) -> list[Finding]:
    dice = random.Random(1)  # noqa: S311 - not a secret
    late, waited, computed = [], 0.0, 0.0
    for number in range(1, rounds + 1):
        with urlopen(f"{exporter.url}/soon/{number}/{dice.uniform(*DELAYS)}"):  # noqa: S310 - our own exporter
            began, computing = time.monotonic(), time.process_time()
        exporter.metrics.wait(metric("jobs_done") == number, within=10)
        ended, computed = time.monotonic(), computed + time.process_time() - computing
        waited += ended - began
        late.append(ended - exporter.metrics.value("changed_at"))
    share = computed / waited
    return [
        Finding(
            about="from a change of the value",
            who="wait() returns",
            ms=median(late) * MS,
            target=Target(15, "ms"),
            rounds=rounds,
        ),
        Finding(
            about="CPU in each second of waiting", who="wait()", ms=share * MS, target=Target(50, "ms"), rounds=rounds
        ),
    ]


def _isolation(isolated: Callable[[], object], rounds: int) -> Finding:
    isolated()  # the first one of a server also makes the store
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        isolated()
        times.append(time.perf_counter() - began)
    about = "a view of a shared server"
    return Finding(about=about, who="isolated()", ms=median(times) * MS, target=Target(1, "ms"), rounds=rounds)
