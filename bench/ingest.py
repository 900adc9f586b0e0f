"""Writing a grid into VictoriaMetrics, beside posting encoded bodies; and the encoding, beside protobuf."""

from __future__ import annotations

import http.client
import sys
import threading
import time
import uuid
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from bench.finding import MS, Finding, Report, Target
from bench.rounds import interleave, spread
from metricrig import Rig
from metricrig.metrics.http.client import Server
from metricrig.metrics.remote_write.body_batches import bodies
from metricrig.metrics.remote_write.sender import CONNECTIONS
from metricrig.metrics.store import VictoriaMetricsStore
from metricrig.metrics.timeline import Block
from metricrig.services import VictoriaMetrics

sys.path.append(str(Path(__file__).parent.parent / "tests"))  # the schema is the tests' own
from support.official import WriteRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metricrig.metrics.remote_write import Body

GRIDS = ((1000, 1000), (100_000, 10))
ROUNDS = {1000: 25, 100_000: 9}
"""By the number of series: a round of few takes a quarter of a second, and varies by as much as is looked for."""
ENCODINGS = 5
# Ratios here are of times: 0.85 of the samples a second is 1.18 of the seconds.
AS_FAST = Target(round(1 / 0.85, 2))
TENFOLD = Target(0.1)
OURS, RESENT = "store.ingest()", "posting bodies encoded before"


def run(scale: float) -> Report:
    """Both grids, with series that the server knows and with new ones; then the encoding alone."""
    rows: list[Finding] = []
    with Rig("bench") as rig:
        server = rig.add(VictoriaMetrics())
        rig.start()
        for series, steps in GRIDS:
            rounds = max(3, round(ROUNDS[series] * scale))
            for fresh in (False, True):
                rows += _ingesting(server.url, series, steps, fresh=fresh, rounds=rounds)
        note = f"VictoriaMetrics {server.version}; both end with /internal/force_flush, on {CONNECTIONS} connections."
    rows += _encoding(max(3, round(ENCODINGS * scale)))
    ours = "Ours makes the values, encodes, sends, flushes, and looks whether it is there."
    known = "Sending known series again costs the server so little that making 100,000 label sets shows."
    return Report(rows, (note, ours, known))


def grid(series: int, steps: int, *, parts: int = 20) -> Iterator[Block]:
    """Counters, each with a rate of its own, a part of the series at a time: sending hides what is being made."""
    times = 1_704_067_200_000 + np.arange(steps, dtype=np.int64) * 10_000
    for start in range(0, series, series // parts):
        numbers = range(start, start + series // parts)
        values = np.outer(np.array(numbers) % 97 + 1.0, np.arange(steps))
        labels = [{"__name__": "requests_total", "job": "shop", "instance": f"host-{each}"} for each in numbers]
        yield Block(labels, times, values, np.ones(values.shape, dtype=bool))


def _ingesting(url: str, series: int, steps: int, *, fresh: bool, rounds: int) -> list[Finding]:
    encoded = list(bodies(grid(series, steps)))
    store = VictoriaMetricsStore(url)
    contenders = {
        OURS: partial(_ours, store, series, steps, fresh=fresh),
        RESENT: partial(_resent, url, encoded, fresh=fresh),
    }
    timings = interleave(contenders, rounds)
    about = f"{series} x {steps}, {'new' if fresh else 'known'} series"
    return [
        Finding(about=about, who=RESENT, ms=median(timings[RESENT]) * MS, rounds=rounds),
        Finding(
            about=about,
            who=OURS,
            ms=median(timings[OURS]) * MS,
            ratio=median(timings[OURS]) / median(timings[RESENT]),
            spread=spread(timings[OURS], timings[RESENT]),
            target=AS_FAST if fresh else None,
            rounds=rounds,
        ),
    ]


def _ours(store: VictoriaMetricsStore, series: int, steps: int, *, fresh: bool) -> float:
    view = store.isolated() if fresh else store
    began = time.perf_counter()
    done = view.ingest(grid(series, steps))
    took = time.perf_counter() - began
    assert done.samples == series * steps
    return took


def _resent(url: str, encoded: Iterable[Body], *, fresh: bool) -> float:
    path = f"/api/v1/write?extra_label=metricrig_view={uuid.uuid4().hex}" if fresh else "/api/v1/write"
    waiting: SimpleQueue[Body | None] = SimpleQueue()
    began = time.perf_counter()
    for body in [*encoded, *[None] * CONNECTIONS]:
        waiting.put(body)
    threads = [threading.Thread(target=_post_all, args=(url, path, waiting)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Server(url).get("/internal/force_flush")
    return time.perf_counter() - began


def _post_all(url: str, path: str, waiting: SimpleQueue[Body | None]) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    while (body := waiting.get()) is not None:
        connection.request("POST", path, body.data, dict(body.headers))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 204
    connection.close()


def _encoding(rounds: int) -> list[Finding]:
    (block,) = grid(1000, 1000, parts=1)
    timings = interleave({"protobuf objects": partial(_protobuf, block), "bodies()": partial(_bodies, block)}, rounds)
    slow = timings["protobuf objects"]
    about = "encode 1000 x 1000"
    return [
        Finding(about=about, who="protobuf objects", ms=median(slow) * MS, rounds=len(slow)),
        Finding(
            about=about,
            who="bodies()",
            ms=median(timings["bodies()"]) * MS,
            ratio=median(timings["bodies()"]) / median(slow),
            spread=spread(timings["bodies()"], slow),
            target=TENFOLD,
            rounds=len(slow),
        ),
    ]


def _bodies(block: Block) -> float:
    began = time.perf_counter()
    assert sum(body.samples for body in bodies([block])) == block.values.size
    return time.perf_counter() - began


def _protobuf(block: Block) -> float:
    began = time.perf_counter()
    times = block.times.tolist()
    for start in range(0, len(block.labels), 20):
        request = WriteRequest()
        for labels, values in zip(block.labels[start : start + 20], block.values[start : start + 20], strict=True):
            series = request.timeseries.add()
            for name, value in sorted(labels.items()):
                series.labels.add(name=name, value=value)
            add = series.samples.add
            for when, value in zip(times, values.tolist(), strict=True):
                add(value=value, timestamp=when)
        request.SerializeToString()
    return time.perf_counter() - began
