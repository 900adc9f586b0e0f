"""From start to ready: metricrig beside a bare exec, and beside others, of three servers."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from bench.bare import bare_start, recipe
from bench.finding import Report, Target, compare
from bench.peers import installed, mirakuru_http, mirakuru_tcp, peer_start, pytest_redis
from bench.questions import http_ok, pong
from bench.rounds import interleave
from metricrig import Rig
from metricrig.services import Prometheus, Redis, VictoriaMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.bare import IsReady
    from bench.finding import Finding
    from bench.peers import Make
    from bench.rounds import Attempt
    from metricrig import Service

TARGET = Target(1.10)
ROUNDS = 40
NOTES = (
    "bare: the command that metricrig executes, with subprocess.Popen, asked every 1 ms.",
    "metricrig: rig.start() in an open rig. Cold: in a fresh Python, from Rig() to ready, with the janitor's start.",
    "Peers run with their defaults; mirakuru's TCPExecutor and pytest-redis take an open port for readiness.",
)


@dataclass(frozen=True, slots=True)
class Server:
    """What is started, when it is ready, and who else can start it (by the package that has to be there)."""

    service: Callable[[], Service]
    is_ready: IsReady
    peers: Mapping[str, Make] = field(default_factory=dict)


SERVERS = {
    "VictoriaMetrics": Server(VictoriaMetrics, partial(http_ok, "/health"), {"mirakuru": mirakuru_http("/health")}),
    "Prometheus": Server(Prometheus, partial(http_ok, "/-/ready"), {"mirakuru": mirakuru_http("/-/ready")}),
    "Redis": Server(Redis, pong, {"mirakuru": mirakuru_tcp, "pytest_redis": pytest_redis}),
}

# The imports are a benchmark of their own.
_COLD = """
import time
from metricrig import Rig
from metricrig.services import {name}
began = time.perf_counter()
with Rig("bench") as rig:
    rig.add({name}())
    rig.start()
    print(time.perf_counter() - began)
"""


def run(scale: float) -> Report:
    """All of them."""
    rows = [row for name, server in SERVERS.items() for row in _of(name, server, max(3, round(ROUNDS * scale)))]
    return Report(rows, NOTES)


def _of(name: str, server: Server, rounds: int) -> list[Finding]:
    known = recipe(server.service())
    pair: dict[str, Attempt] = {
        "bare": lambda: bare_start(known, server.is_ready),
        "metricrig": lambda: _warm(server.service()),
    }
    # By themselves: a fresh Python or a peer's tenth of a second in between leaves cold caches, which cost a
    # start of 3 ms a third of a millisecond more, whoever makes it.
    rows = compare(f"start {name}", interleave(pair, rounds * 2), base="bare", targets={"metricrig": TARGET})
    others: dict[str, Attempt] = {"bare": pair["bare"], "metricrig, cold": lambda: _cold(name)}
    others |= {peer: peer_start(known, make) for peer, make in server.peers.items() if installed(peer)}
    return rows + compare(f"start {name}, others", interleave(others, max(3, rounds // 2)), base="bare", targets={})


def _warm(service: Service) -> float:
    with Rig("bench") as rig:
        rig.add(service)
        began = time.perf_counter()
        rig.start()
        return time.perf_counter() - began


def _cold(name: str) -> float:
    program = [sys.executable, "-c", _COLD.format(name=name)]
    return float(subprocess.run(program, check=True, capture_output=True, text=True).stdout)
