"""A program that does one thing with one server after another, and says of each how it ended, how soon, and how large.

``python hostile_client.py THING WITHIN`` reads a URL a line, and writes a line of JSON for each.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from metricrig import MetricrigError, metric, ready
from metricrig._core.deadlines import Deadline, tries_until
from metricrig.metrics.http.client import Server
from metricrig.metrics.promql.client import Promql
from metricrig.metrics.remote_write import Sender
from metricrig.metrics.remote_write.one_sample import one
from metricrig.metrics.scraping.endpoint import Endpoint, read
from metricrig.metrics.server_metrics import Metrics
from metricrig.metrics.store import PrometheusStore, VictoriaMetricsStore
from metricrig.tools.download import DownloadFailed, download
from metricrig.tools.tool_request import CannotDeliver

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.probe import Subject

OURS = (MetricrigError, DownloadFailed, CannotDeliver)


def the_wait(url: str, within: float) -> None:
    Metrics(Endpoint(url)).wait(metric("x") == 7, within=within)


def the_writing_of_a_body(url: str, within: float) -> None:
    Sender(Server(url), within=within, idempotent=True).send([one("x", 1, None, 1)])


def a_probe(url: str, within: float) -> None:
    where = urlsplit(url)
    ports = SimpleNamespace(first=where.port)
    subject = SimpleNamespace(host=where.hostname, ports=ports, trust=None, listens=lambda _: True)
    kinds = [ready.https("/", status=201)] if where.scheme == "https" else [ready.http("/", status=201)]
    with tries_until(Deadline.after(within)):
        for probe in kinds:
            answer = probe.ask(cast("Subject", subject))
            if not answer:
                raise MetricrigError(answer.said)


def a_probe_of_a_metric(url: str, within: float) -> None:
    where = urlsplit(url)
    ports = SimpleNamespace(first=where.port)
    subject = SimpleNamespace(host=where.hostname, ports=ports, trust=None, listens=lambda _: True)
    with tries_until(Deadline.after(within)):
        answer = ready.metric("x", path="/").ask(cast("Subject", subject))
    if not answer:
        raise MetricrigError(answer.said)


def the_download(url: str, within: float) -> None:
    with tempfile.TemporaryDirectory() as place:
        download(url, Path(place) / "file", tool="x", within=within)


THINGS: dict[str, Callable[[str, float], Any]] = {
    "read": lambda url, within: read(url, timeout=within),
    "wait": the_wait,
    "query": lambda url, within: Promql(url, within=within).query("x"),
    "export": lambda url, within: Promql(url, within=within).export("x"),
    "labels": lambda url, within: Promql(url, within=within).labels(),
    "ingest into Prometheus": lambda url, within: PrometheusStore(url, within=within).write("x", 1),
    "ingest into VictoriaMetrics": lambda url, within: VictoriaMetricsStore(url, within=within).write("x", 1),
    "repeated write": the_writing_of_a_body,
    "probe": a_probe,
    "probe of a metric": a_probe_of_a_metric,
    "download": the_download,
}


def memory(what: str) -> int:
    """Bytes of this process: ``VmRSS`` now, ``VmHWM`` at its peak."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{what}:")[2].split()[0]) * 1024


def observed(thing: Callable[[str, float], Any], url: str, within: float) -> dict[str, Any]:
    """One try."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before, began = memory("VmRSS"), time.monotonic()
    error: BaseException | None = None
    try:
        thing(url, within)
    except Exception as raised:  # noqa: BLE001 - which one, is what the test asks
        error = raised
    return {
        "seconds": time.monotonic() - began,
        "grown": memory("VmHWM") - before,
        "error": f"{type(error).__name__}: {error}" if error else "",
        "ours": error is None or isinstance(error, OURS),
    }


if __name__ == "__main__":
    doing, patience = THINGS[sys.argv[1]], float(sys.argv[2])
    for line in sys.stdin:
        print(json.dumps(observed(doing, line.strip(), patience)), flush=True)
