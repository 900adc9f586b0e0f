"""The page: who may have it, in which formats, and what stands on it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, ask, visit

from metricrig import metric
from metricrig.services import Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exporter_suite import ExporterInstance
    from prometheus_client import Metric

    from metricrig import Rig

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
FAMILIES = {
    "gunicorn_worker_requests": "counter",
    "gunicorn_worker_request_duration_seconds": "histogram",
    "gunicorn_worker_memory_bytes": "gauge",
    "gunicorn_worker_cpu_percent": "gauge",
    "gunicorn_worker_uptime_seconds": "gauge",
    "gunicorn_worker_failed_requests": "counter",
    "gunicorn_worker_error_handling": "counter",
    "gunicorn_worker_state": "gauge",
    "gunicorn_worker_request_size_bytes": "histogram",
    "gunicorn_worker_response_size_bytes": "histogram",
    "gunicorn_worker_restart": "counter",
    "gunicorn_worker_restart_count": "counter",
    "gunicorn_master_worker_restart": "counter",
    "gunicorn_master_worker_restart_count": "counter",
}


@pytest.fixture
def visited(served: ExporterInstance) -> ExporterInstance:
    """With something on its page."""
    visit(served, 1)
    served.metrics.wait(served.requests >= 1, within=5)
    return served


@pytest.mark.parametrize("path", ["/metrics", "/", "/anything/else"])
def test_every_path_is_the_page(served: ExporterInstance, path: str) -> None:
    status, text = ask(served, path, port="metrics")
    assert status == 200
    assert "# TYPE gunicorn_worker_requests_total counter" in text


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE"])
def test_the_page_can_only_be_got(served: ExporterInstance, method: str) -> None:
    status, _ = ask(served, "/metrics", method=method, port="metrics")
    assert status == 405


def test_it_declares_every_family_with_its_type(visited: ExporterInstance) -> None:
    families = {each.name: each.type for each in visited.metrics.page().families()}
    assert families == FAMILIES


def test_both_formats_say_the_same_to_a_reader_that_takes_a_double_for_one(visited: ExporterInstance) -> None:
    assert visited.metrics.page().format.name == "OpenMetrics"
    requests = visited.metrics.page().samples("gunicorn_worker_requests_total")
    assert len(requests) == 1
    from prometheus_client import parser  # noqa: PLC0415 - 0.1 s, which every process of a parallel run would pay

    in_text = [
        sample
        for family in parser.text_string_to_metric_families(visited.raw())
        for sample in family.samples
        if sample.name == "gunicorn_worker_requests_total"
    ]
    assert {each.labels["worker_id"] for each in in_text} == {requests[0].labels["worker_id"]}


@pytest.mark.xfail(
    reason="A family that has samples stands on the page twice: two collectors tell of it.", raises=AssertionError
)
def test_each_family_stands_there_once(visited: ExporterInstance) -> None:
    declared = Counter(line for line in visited.raw().splitlines() if line.startswith("# TYPE"))
    assert declared
    assert set(declared.values()) == {1}


@pytest.mark.xfail(
    reason="The master's own counters are told by its registry, and by the files it has written.", raises=AssertionError
)
def test_each_series_stands_there_once(served: ExporterInstance) -> None:
    served.reopen_logs()
    served.metrics.wait(served.restarts("usr1") >= 1, within=5)
    series = Counter(line.rpartition(" ")[0] for line in served.raw().splitlines() if not line.startswith("#"))
    assert series['gunicorn_master_worker_restart_total{reason="usr1"}'] == 1


@pytest.mark.xfail(reason="A family that stands there twice is not OpenMetrics.", raises=ValueError)
def test_the_page_is_openmetrics_where_it_says_so(visited: ExporterInstance) -> None:
    from prometheus_client.openmetrics import parser  # noqa: PLC0415 - see above

    parse: Callable[[str], Iterable[Metric]] = parser.text_string_to_metric_families
    assert list(parse(visited.raw(OPENMETRICS)))


@pytest.mark.xfail(
    reason="The sizes of requests and responses are declared, and nobody measures them.", raises=AssertionError
)
def test_every_histogram_is_filled(visited: ExporterInstance) -> None:
    page = visited.metrics.page()
    for family, kind in FAMILIES.items():
        assert kind != "histogram" or page.samples(f"{family}_count"), family


@pytest.mark.thorough
@pytest.mark.patient
def test_a_real_prometheus_reads_the_page(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=2))
    prometheus = rig.add(Prometheus(scrape=[exporter.address("metrics")], every="100ms"))
    rig.start()
    visit(exporter, 7)
    exporter.metrics.wait(exporter.requests == 7, within=5)
    prometheus.wait(lambda _: prometheus.query("sum(gunicorn_worker_requests_total)") == 7, within=20)
    assert prometheus.query("up") == 1
    assert prometheus.query("count(gunicorn_worker_memory_bytes)") == exporter.metrics.evaluate(
        metric("gunicorn_worker_memory_bytes").count()
    )
