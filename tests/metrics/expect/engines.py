"""Real engines to ask, and a remote-write encoder that is not the library's own."""

from __future__ import annotations

import struct
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
import pytest

from metricrig import Rig, ToolUnavailable
from metricrig.instance import Instance
from metricrig.metrics.expect import Engine
from metricrig.metrics.promql import Promql
from metricrig.metrics.timeline import Timeline
from metricrig.services import PROMETHEUS, VICTORIA_METRICS, Prometheus, VictoriaMetrics
from metricrig.tools import obtain

BACKFILL = {"storage": {"tsdb": {"out_of_order_time_window": "2000d"}}}
SERVERS: Mapping[str, Callable[[], Prometheus | VictoriaMetrics]] = {
    "victoriametrics-1.79": lambda: VictoriaMetrics(version="<1.88"),
    "victoriametrics-1.128": lambda: VictoriaMetrics(version="1.128.0"),
    "prometheus-2.42": lambda: Prometheus(version="<2.51", config=BACKFILL),
    "prometheus-3.5": lambda: Prometheus(version="3.5.0", config=BACKFILL),
}
ENGINES = {
    "victoriametrics-1.79": Engine.of("victoria-metrics", "1.79.5"),
    "victoriametrics-1.128": Engine.of("victoria-metrics", "1.128.0"),
    "prometheus-2.42": Engine.of("prometheus", "2.42.0"),
    "prometheus-3.5": Engine.of("prometheus", "3.5.0"),
}


@dataclass
class Real:
    """A running engine."""

    instance: Instance
    engine: Engine
    names: Iterator[int] = field(default_factory=count)

    @cached_property
    def promql(self) -> Promql:
        return Promql(self.instance.url, parameters=[("nocache", "1")])

    def write(self, grid: Timeline) -> None:
        post(self.instance.url + "/api/v1/write", written(grid))
        if not self.engine.is_prometheus:
            urllib.request.urlopen(self.instance.url + "/internal/force_flush", timeout=30).close()

    def isolated(self, **grid: Any) -> Timeline:
        return Timeline(**grid, labels={"test": str(next(self.names))})


def started(name: str) -> Iterator[Real]:
    service = SERVERS[name]()
    try:
        obtain(VICTORIA_METRICS if isinstance(service, VictoriaMetrics) else PROMETHEUS, service.version)
    except ToolUnavailable as lacking:
        pytest.skip(str(lacking))
    with Rig() as rig:
        instance = rig.add(service)
        rig.start()
        yield Real(instance, ENGINES[name])


def post(url: str, body: bytes) -> None:
    headers = {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status in {200, 204}


def written(grid: Timeline) -> bytes:
    """Sorted by time, as Prometheus wants it: one message for each series and sample run."""
    message = b"".join(
        _field(1, _series(labels, block.times[there], values[there]))
        for block in grid.blocks()
        for labels, values, there in zip(block.labels, block.values, block.present, strict=True)
    )
    return _varint(len(message)) + b"".join(_literal(message[at : at + 60000]) for at in range(0, len(message), 60000))


def _series(labels: Mapping[str, str], times: np.ndarray, values: np.ndarray) -> bytes:
    pairs = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in sorted(labels.items())
    )
    samples = b"".join(
        _field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(time))
        for time, value in zip(times.tolist(), values, strict=True)
    )
    return pairs + samples


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _literal(piece: bytes) -> bytes:
    return bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece
