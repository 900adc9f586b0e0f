"""What takes seconds by somebody else's clock, side by side in one rig.

An exporter that Redis refuses tries for ten seconds; a worker that hangs does not say so; a Prometheus scrapes for the
first time five seconds after its start. All of it begins with the first test here, and the last looks at what takes
longest. They are a group: with ``-n``, one process runs all of them, while the others run the rest.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from exporter_suite import Exporter, InRedis, asking, visit

from metricrig import Rig, ready
from metricrig.services import Prometheus, Redis
from metricrig.services.gunicorn import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter_suite import ExporterInstance

    from metricrig.services.redis import RedisInstance
    from metricrig.services.stores import PrometheusInstance

pytestmark = [pytest.mark.thorough, pytest.mark.xdist_group("clocks")]
GREEN = ("gevent", "eventlet")
AT_ONCE = 8
SOON = 1.0
"""Several times what a worker takes for its first requests (0.2 s)."""
REFUSED = {
    "absent": "Cannot connect to Redis: Error 111",
    "locked": "Cannot connect to Redis: invalid username-password pair",
}


@dataclass
class Begun:
    """All that runs, each exporter by its name."""

    exporters: dict[str, ExporterInstance]
    late: RedisInstance
    prometheus: PrometheusInstance


@pytest.fixture(scope="module")
def begun() -> Iterator[Begun]:
    """Everything, as soon as it is ready, or has been refused for the first time."""
    with Rig("clocks") as rig:
        redis = {name: rig.add(Redis(name)) for name in ("redis", "absent", "late")}
        redis["locked"] = rig.add(Redis("locked", password=True))

        def exporter(at: str, **options: Any) -> ExporterInstance:
            name = f"exporter-{len(exporters)}"
            wrong = f"not-{redis[at].secret}" if at == "locked" else None
            room = InRedis(host=redis[at].host, port=redis[at].port, db=0, prefix=name, password=wrong)
            return rig.add(Exporter(name, storage=room, **options))

        exporters: dict[str, ExporterInstance] = {}
        refused: dict[str, Any] = {"workers": 1, "ready": ready.log("Cannot connect to Redis: ")}
        for at in (*REFUSED, "late"):
            exporters[at] = exporter(at, **refused)
        for kind in GREEN:
            exporters[kind] = exporter("redis", workers=1, kind=kind, needs=["redis"])
            exporters[f"{kind} at once"] = exporter("redis", workers=1, kind=kind, needs=["redis"])
        exporters["scraped"] = exporter("redis", workers=2, needs=["redis"])
        prometheus = rig.add(Prometheus(scrape=[exporters["scraped"]], every="100ms"))
        redis["locked"].start()
        rig.start(redis["redis"], *exporters.values(), prometheus)
        yield Begun(exporters, redis["late"], prometheus)


@pytest.mark.parametrize("kind", GREEN)
def test_green_threads_one_at_a_time_add_up(kind: str, begun: Begun) -> None:
    exporter = begun.exporters[kind]
    visit(exporter, AT_ONCE)
    exporter.metrics.wait(exporter.requests == AT_ONCE, within=5)


@pytest.mark.xfail(
    raises=AssertionError,
    reason="A green thread that waits for Redis holds a lock of the operating system, which the next one waits for:"
    " the worker hangs.",
)
@pytest.mark.parametrize("kind", GREEN)
def test_green_threads_at_once_add_up(kind: str, begun: Begun) -> None:
    exporter = begun.exporters[f"{kind} at once"]
    try:
        with ExitStack() as stack:
            questions = [stack.enter_context(asking(exporter)) for _ in range(AT_ONCE)]
            for each in questions:
                assert each.answered(SOON)
                assert each.answer()[0] == 200
        exporter.metrics.wait(exporter.requests == AT_ONCE, within=5)
    finally:
        exporter.kill()  # a worker that hangs does not obey


def test_a_redis_that_comes_late_is_used(begun: Begun) -> None:
    exporter = begun.exporters["late"]
    begun.late.start()
    exporter.wait(ready.all_of(at_work(1), ready.http("/metrics", port="metrics")))
    visit(exporter, 2)
    exporter.metrics.wait(exporter.requests == 2, within=5)


def test_prometheus_counts_what_was_asked_for(begun: Begun) -> None:
    exporter, prometheus = begun.exporters["scraped"], begun.prometheus

    def answers(expression: str, value: float) -> None:
        prometheus.wait(lambda _: prometheus.query(expression) == value, within=20)

    before = exporter.workers
    exporter.reload()
    exporter.wait_for_workers(2, other_than=before)
    visit(exporter, 20)
    answers("sum(gunicorn_worker_requests_total)", 20)
    visit(exporter, 5)
    answers("sum(gunicorn_worker_requests_total)", 25)
    answers("sum(gunicorn_worker_request_duration_seconds_count)", 25)
    answers('sum(gunicorn_worker_request_duration_seconds_bucket{le="+Inf"})', 25)
    # It stands on the page twice: from the master's own memory, and from Redis.
    answers('sum(gunicorn_master_worker_restart_total{reason="hup"})', 1)
    by_worker = prometheus.query("sum by (worker_id) (gunicorn_worker_requests_total)").by("worker_id")
    page = exporter.metrics.samples("gunicorn_worker_requests_total")
    assert by_worker == {each.labels["worker_id"]: each.value for each in page}


@pytest.mark.parametrize("why", REFUSED)
def test_who_is_refused_for_ten_seconds_gives_up(why: str, begun: Begun) -> None:
    exporter = begun.exporters[why]
    assert exporter.wait_for_end(within=40) == "exited with 1"
    assert REFUSED[why] in exporter.logs.tail(1)
