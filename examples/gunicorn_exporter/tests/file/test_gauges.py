"""What is told of a worker: its memory, its share of a core, its age and its state."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import pytest
from exporter_suite import Exporter, ask, visit

from metricrig import metric

if TYPE_CHECKING:
    from exporter_suite import ExporterInstance

    from metricrig import Rig

MEMORY = "gunicorn_worker_memory_bytes"
CPU = "gunicorn_worker_cpu_percent"
UPTIME = "gunicorn_worker_uptime_seconds"
STATE = "gunicorn_worker_state"


def test_a_worker_tells_its_age_and_that_it_runs(served: ExporterInstance) -> None:
    (pid,) = served.workers
    before = int(time.time())
    ask(served)  # measured before it is answered
    # The exporter fails on a file that a worker has just made: such a page is "not yet".
    served.metrics.wait(metric(UPTIME).max() >= 0, within=30)
    page = served.metrics.page()
    (uptime,) = page.samples(UPTIME)
    assert uptime.labels["pid"] == str(pid)
    number, _, began = uptime.labels["worker_id"].removeprefix("worker_").partition("_")
    assert number == "1"
    assert int(began) == pytest.approx(psutil.Process(pid).create_time(), abs=2)
    assert 0 <= uptime.value <= time.time() - int(began)
    newest = max(page.samples(STATE), key=lambda state: state.labels["timestamp"])
    assert (newest.labels["pid"], newest.labels["state"], newest.value) == (str(pid), "running", 1)
    assert before <= int(newest.labels["timestamp"]) <= time.time()


@pytest.mark.xfail(
    reason="The process that is measured is the master: the worker looks itself up before it is forked.",
    raises=AssertionError,
)
def test_a_worker_tells_its_memory(served: ExporterInstance) -> None:
    ask(served)
    (pid,) = served.workers
    with served.metrics.change(metric(MEMORY, pid=str(pid)).sum()) as grown:
        ask(served, "/grow/64")
        ask(served)  # measured before it is answered
        assert psutil.Process(pid).memory_info().rss > 64 << 20
    assert grown > 60 << 20


@pytest.mark.xfail(
    reason="The process that is measured is the master, which does nothing while its worker is busy.",
    raises=AssertionError,
)
def test_a_worker_tells_its_share_of_a_core(served: ExporterInstance) -> None:
    ask(served)
    ask(served, "/burn/0.2")
    ask(served)  # measured before it is answered, for the time since the request before
    assert served.metrics.value(CPU) > 5


@pytest.mark.thorough
@pytest.mark.xfail(
    reason="The time is a label of the state, so a busy worker has one series more each second.", raises=AssertionError
)
def test_a_worker_has_one_state(served: ExporterInstance) -> None:
    ask(served)
    second = int(time.time())
    served.wait(lambda _: int(time.time()) > second, within=2)
    ask(served)
    assert served.metrics.evaluate(metric(STATE).count()) == 1


@pytest.mark.thorough
@pytest.mark.xfail(reason="What a worker has said of itself stays on the page when it is dead.", raises=AssertionError)
def test_a_dead_worker_uses_no_memory(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=1))
    rig.start()
    visit(exporter, 1)
    (worker,) = exporter.workers
    exporter.metrics.wait(metric(MEMORY, pid=str(worker)).sum() > 0, within=5)
    exporter.reload()
    exporter.wait_for_workers(1, other_than=[worker])
    visit(exporter, 1)
    exporter.metrics.wait(exporter.requests == 2, within=5)
    assert exporter.metrics.samples(MEMORY, pid=str(worker)) == []
