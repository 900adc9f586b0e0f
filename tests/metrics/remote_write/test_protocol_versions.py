"""Remote Write 2.0 with real servers: one that knows it, and those that answer 204 and drop the samples."""

from __future__ import annotations

import json
import time

import cramjam
import pytest
from support.official import Request
from support.receiver import receiving, status
from support.waiting import eventually

from metricrig import Rig, Timeline, ToolUnavailable
from metricrig.metrics.http.client import Server
from metricrig.metrics.remote_write.body_batches import bodies
from metricrig.metrics.remote_write.retry import SAMPLES_WRITTEN_HEADER
from metricrig.metrics.remote_write.sender import WriteRejected
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
    assert (answer.status, answer.headers[SAMPLES_WRITTEN_HEADER]) == (204, "22")


def told(received: list[bytes]) -> dict[str, tuple[int, str, str]]:
    """What these requests say of each family."""
    found = {}
    for data in list(received):
        request = Request.FromString(bytes(cramjam.snappy.decompress_raw(data)))
        words = list(request.symbols)
        for series in request.timeseries:
            labels = [words[number] for number in series.labels_refs]
            name = labels[labels.index("__name__") + 1]
            about = series.metadata
            found[name] = (about.type, words[about.help_ref], words[about.unit_ref])
    return found


def test_a_receiver_that_keeps_metadata_passes_on_type_help_and_unit(rig: Rig) -> None:
    """Prometheus does not answer questions about them, but sends them on with the series."""
    counter, gauge, histogram, summary = 1, 2, 3, 5
    with receiving(status(204, X_Prometheus_Remote_Write_Samples_Written="1")) as receiver:
        onward = {"url": receiver.url, "protobuf_message": "io.prometheus.write.v2.Request"}
        config = {"remote_write": [{**onward, "metadata_config": {"send": False}}]}
        flag = "--enable-feature=metadata-wal-records"
        prometheus = started(rig, Prometheus(version="3.5.0", config=config, args=[flag]))
        coming = Timeline(start=round(time.time()) + 5, every="1s", length="5s")  # what is older is not sent on
        coming.counter("requests_total", status="200").describe("Answered.", unit="requests").inc(2)
        coming.gauge("temperature_celsius").describe("Of the room.", unit="celsius").set(20)
        coming.histogram("took_seconds", buckets=[1]).describe("How long.").observe(0.5, at=3)
        coming.summary("size_bytes", quantiles=[0.5]).observe(3, at=3)
        prometheus.ingest(coming, version=2)
        wanted = {
            "requests_total": (counter, "Answered.", "requests"),
            "temperature_celsius": (gauge, "Of the room.", "celsius"),
            **{f"took_seconds_{part}": (histogram, "How long.", "") for part in ("bucket", "sum", "count")},
            **{f"size_bytes{part}": (summary, "", "") for part in ("", "_sum", "_count")},
        }
        eventually(lambda: told(receiver.got).keys() >= wanted.keys(), within=60)
        assert told(receiver.got) == wanted
        server = Server(prometheus.url)
        assert json.loads(server.get("/api/v1/metadata").text)["data"] == {}
        server.close()


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
