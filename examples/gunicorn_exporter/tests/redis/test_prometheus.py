"""A real Prometheus scrapes the page, and what it answers is what has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, visit

from metricrig.services import Prometheus

if TYPE_CHECKING:
    from exporter_suite import InRedis

    from metricrig import Rig


@pytest.mark.thorough
@pytest.mark.patient
def test_prometheus_counts_what_was_asked_for(rig: Rig, store: InRedis) -> None:
    """Its first scrape comes five seconds after its start."""
    exporter = rig.add(Exporter(workers=2, storage=store))
    prometheus = rig.add(Prometheus(scrape=[exporter], every="100ms"))
    rig.start()

    def answers(expression: str, value: float) -> None:
        prometheus.wait(lambda _: prometheus.query(expression) == value, within=20)

    exporter.reopen_logs()
    visit(exporter, 20)
    answers("sum(gunicorn_worker_requests_total)", 20)
    visit(exporter, 5)
    answers("sum(gunicorn_worker_requests_total)", 25)
    answers("sum(gunicorn_worker_request_duration_seconds_count)", 25)
    answers('sum(gunicorn_worker_request_duration_seconds_bucket{le="+Inf"})', 25)
    # It stands on the page twice: from the master's own memory, and from Redis.
    answers('sum(gunicorn_master_worker_restart_total{reason="usr1"})', 1)
    by_worker = prometheus.query("sum by (worker_id) (gunicorn_worker_requests_total)").by("worker_id")
    page = exporter.metrics.samples("gunicorn_worker_requests_total")
    assert by_worker == {each.labels["worker_id"]: each.value for each in page}
