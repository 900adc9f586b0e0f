"""Remote Write 2.0 with real servers: one that knows it, and those that answer 204 and drop the samples."""

from __future__ import annotations

import pytest

from metricrig import Rig, Timeline, ToolUnavailable
from metricrig.metrics.http.client import Server
from metricrig.metrics.remote_write.body_batches import bodies
from metricrig.metrics.remote_write.errors import WriteRejected
from metricrig.metrics.remote_write.retry import WRITTEN
from metricrig.services import (
    PROMETHEUS,
    VICTORIA_METRICS,
    Prometheus,
    PrometheusInstance,
    VictoriaMetrics,
    VictoriaMetricsInstance,
)
from metricrig.tools import obtain

# Where a tool is not in the cache, it is built or downloaded.
pytestmark = pytest.mark.timeout(900)


def started(rig: Rig, service: Prometheus | VictoriaMetrics) -> PrometheusInstance | VictoriaMetricsInstance:
    try:
        obtain(PROMETHEUS if isinstance(service, Prometheus) else VICTORIA_METRICS, service.version)
    except ToolUnavailable as lacking:
        pytest.skip(str(lacking))
    instance = rig.add(service)
    rig.start()
    assert isinstance(instance, PrometheusInstance | VictoriaMetricsInstance)
    return instance


@pytest.fixture
def grid() -> Timeline:
    fresh = Timeline(start="2024-01-01T00:00:00Z", every="30s", length="5m")
    requests = fresh.counter("model_requests_total", model="m1")
    requests.labels(status="200").inc(50).inc(60).inc(70).inc(150)
    requests.labels(status="404").inc(200).inc(250)
    return fresh


def test_a_receiver_that_knows_it_has_the_samples(rig: Rig, grid: Timeline) -> None:
    prometheus = started(rig, Prometheus(version="3.5.0"))
    assert prometheus.ingest(grid, version=2).samples == 22
    got = prometheus.query_range("model_requests_total", grid)
    assert got.by("status") == {"200": [0, 0, 2, 3, 3, 4, 4, 4, 4, 4, 4], "404": [0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2]}


def test_both_versions_write_the_same(rig: Rig, grid: Timeline) -> None:
    prometheus = started(rig, Prometheus(version="3.5.0"))
    for version in (1, 2):
        prometheus.ingest(grid.with_labels(version=str(version)), version=version)
    values = prometheus.query_range("model_requests_total", grid).by("status", "version")
    assert len(values) == 4
    assert all(values[status, "1"] == values[status, "2"] for status in ("200", "404"))


def test_a_receiver_that_knows_it_counts_what_it_has_written(rig: Rig, grid: Timeline) -> None:
    server = Server(started(rig, Prometheus(version="3.5.0")).url)
    (body,) = bodies(grid.blocks(), version=2)
    answer = server.request("POST", server.address("/api/v1/write"), body=body.data, headers=body.headers, within=30)
    server.close()
    assert (answer.status, answer.headers[WRITTEN]) == (204, "22")


@pytest.mark.parametrize(
    "service",
    [VictoriaMetrics(version="<1.88"), VictoriaMetrics(version="1.128.0"), Prometheus(version="<2.51")],
    ids=lambda service: f"{service.name}{service.version}",
)
def test_a_receiver_that_does_not_is_an_error_and_has_nothing(
    rig: Rig, grid: Timeline, service: Prometheus | VictoriaMetrics
) -> None:
    store = started(rig, service)
    with pytest.raises(WriteRejected, match=r"does not know remote write 2\.0 and has dropped the samples") as caught:
        store.ingest(grid, version=2)
    assert (caught.value.status, caught.value.delivered) == (204, 0)
    assert store.query("model_requests_total", at=grid.end).samples == ()
