"""A VictoriaMetrics in a container, created to ready: metricrig beside ``docker run``, and beside testcontainers."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from bench.bare import LOOPBACK, reserved_port
from bench.finding import Report, Target, compare
from bench.peers import installed
from bench.questions import http_ok
from bench.rounds import interleave
from metricrig import Rig
from metricrig.services import VICTORIA_METRICS, VictoriaMetrics
from metricrig.tools import obtain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.finding import Finding
    from bench.rounds import Attempt

TARGET = Target(1.05)
TOGETHER = Target(0.75)
ROUNDS = 20
HOW_MANY = 4
PORT = 8428
NETWORK = "metricrig-bench"
OPTIONS = ("-retentionPeriod=100y", "-search.latencyOffset=0s", "-search.disableCache", "-dedup.minScrapeInterval=1ms")
NOTES = (
    "docker run: the command line, -d and --init, in a network of its own, then /health every 2 ms.",
    "metricrig in a container: from rig.add() to ready, in an open rig.",
    "testcontainers: DockerContainer with HttpWaitStrategy, as it is but for its reaper, whose image has to be pulled.",
)


def run(scale: float) -> Report:
    """All of it, in the engine of DOCKER_HOST or in one that is started for this."""
    image = f"victoriametrics/victoria-metrics:v{obtain(VICTORIA_METRICS).version}"
    with tempfile.TemporaryDirectory() as directory, _engine(Path(directory)):
        _docker("network", "create", NETWORK)
        try:
            return Report(list(_findings(image, max(3, round(ROUNDS * scale)))), NOTES)
        finally:
            _docker("network", "rm", NETWORK)


def _findings(image: str, rounds: int) -> Iterator[Finding]:
    pair: dict[str, Attempt] = {"docker run": partial(_docker_run, image), "metricrig": _metricrig}
    about = "container VictoriaMetrics"
    yield from compare(about, interleave(pair, rounds), base="docker run", targets={"metricrig": TARGET})
    if installed("testcontainers"):
        others: dict[str, Attempt] = {**pair, "testcontainers": partial(_testcontainers, image)}
        yield from compare(f"{about}, others", interleave(others, max(3, rounds // 3)), base="docker run", targets={})
    both: dict[str, Attempt] = {"in turn": partial(_several, _in_turn), "one rig.start()": partial(_several, Rig.start)}
    timings = interleave(both, max(3, rounds // 2))
    yield from compare(f"start {HOW_MANY} containers", timings, base="in turn", targets={"one rig.start()": TOGETHER})


@contextlib.contextmanager
def _engine(directory: Path) -> Iterator[None]:
    """One with the image. How one is started without a registry, the tests know."""
    sys.path[:0] = [str(Path(__file__).parents[1] / room) for room in ("tests", "scripts")]
    if "DOCKER_HOST" in os.environ:
        import_module("support.images").build_missing(os.environ["DOCKER_HOST"])
        yield
        return
    with import_module("support.engine").running(directory) as url:
        os.environ["DOCKER_HOST"] = url
        try:
            yield
        finally:
            del os.environ["DOCKER_HOST"]


def _docker_run(image: str) -> float:
    with reserved_port() as port:
        words = ["--network", NETWORK, "-p", f"{LOOPBACK}:{port}:{PORT}", "--entrypoint", "/victoria-metrics-prod"]
        began = time.perf_counter()
        container = _docker("run", "-d", "--init", *words, image, *OPTIONS)
        while not http_ok("/health", port):
            time.sleep(0.002)
        seconds = time.perf_counter() - began
    _docker("rm", "-f", container)
    return seconds


def _metricrig() -> float:
    with Rig("bench", runtime="docker") as rig:
        # An open rig: what is there before the first service is not what is measured.
        rig.add(VictoriaMetrics("first"))
        rig.start()
        rig.stop()
        began = time.perf_counter()
        rig.start(rig.add(VictoriaMetrics()))
        return time.perf_counter() - began


def _testcontainers(image: str) -> float:
    import_module("testcontainers.core.config").testcontainers_config.ryuk_disabled = True
    container = import_module("testcontainers.core.container").DockerContainer(
        image, command=list(OPTIONS), entrypoint=["/victoria-metrics-prod"], ports=[PORT]
    )
    strategy = import_module("testcontainers.core.wait_strategies").HttpWaitStrategy(PORT, "/health")
    began = time.perf_counter()
    with container.waiting_for(strategy):
        return time.perf_counter() - began


def _several(start: Callable[[Rig], object]) -> float:
    with Rig("bench", runtime="docker") as rig:
        for number in range(HOW_MANY):
            rig.add(VictoriaMetrics(), name=f"vm-{number}")
        began = time.perf_counter()
        start(rig)
        return time.perf_counter() - began


def _in_turn(rig: Rig) -> None:
    for instance in rig:
        instance.start()


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()
