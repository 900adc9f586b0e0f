"""Signals to the master and to workers: what they do, and what is counted of it."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, ask, visit

from metricrig import DeadlineExceeded, metric

if TYPE_CHECKING:
    from exporter_suite import ExporterInstance

    from metricrig import Rig

REASON = "gunicorn_worker_restart_total"
COUNT = "gunicorn_worker_restart_count_total"
WITHIN = 5.0


def test_signals_to_the_master_are_counted_each_by_its_name(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=2))
    rig.start()
    assert exporter.metrics.samples("gunicorn_master_worker_restart_total") == []
    first = exporter.workers
    exporter.more_workers()
    exporter.wait_for_workers(3)
    exporter.metrics.wait(exporter.restarts("ttin") == 1, within=WITHIN)
    exporter.reopen_logs()
    exporter.metrics.wait(exporter.restarts("usr1") == 1, within=WITHIN)
    exporter.fewer_workers()
    exporter.wait_for_workers(2, other_than=first[:1])
    exporter.metrics.wait((exporter.restarts("ttou") == 1) & (exporter.restarts("chld") == 1), within=WITHIN)
    reasons = {each.labels["reason"] for each in exporter.metrics.samples("gunicorn_master_worker_restart_total")}
    assert reasons == {"ttin", "usr1", "ttou", "chld"}


def test_a_reload_is_counted_and_so_is_the_worker_that_it_ends(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=1))
    rig.start()
    before = exporter.workers
    visit(exporter, 4)
    exporter.metrics.wait(exporter.requests == 4, within=WITHIN)
    exporter.reload()
    exporter.wait_for_workers(1, other_than=before)
    exporter.metrics.wait((exporter.restarts("hup") == 1) & (exporter.restarts("chld") == 1), within=WITHIN)
    visit(exporter, 3)
    exporter.metrics.wait(exporter.requests == 7, within=WITHIN)  # those of dead workers are among them


def test_the_master_counts_the_signal_that_ends_it(rig: Rig) -> None:
    """The page ends with it; the files stay."""
    exporter = rig.add(Exporter(workers=1))
    rig.start()
    exporter.signal(signal.SIGINT)
    assert exporter.wait_for_end(within=10) == "exited with 0"
    assert exporter.kept("gunicorn_master_worker_restart_total", reason="int") == 1


@pytest.mark.parametrize("kind", ["sync", pytest.param("gthread", marks=pytest.mark.thorough)])
def test_workers_count_the_signals_that_they_can_hear(rig: Rig, kind: str) -> None:
    """Each of the first five gets another one; those that replace them are asked nothing."""
    exporter = rig.add(Exporter(kind=kind, workers=5))
    rig.start()
    first = exporter.workers
    heard = {
        signal.SIGQUIT: ("quit", "graceful"),
        signal.SIGINT: ("quit", "graceful"),
        signal.SIGABRT: ("abort", "forced"),
    }
    numbers = [signal.SIGQUIT, signal.SIGINT, signal.SIGABRT, signal.SIGTERM, signal.SIGKILL]
    for ended, (pid, number) in enumerate(zip(first, numbers, strict=True), start=1):
        exporter.signal_worker(pid, number)
        exporter.metrics.wait(exporter.restarts("chld") == ended, within=WITHIN)
        assert told(exporter, ended) == ({heard[number]} if number in heard else set()), number.name
    exporter.wait_for_workers(5, other_than=first)


def told(exporter: ExporterInstance, worker: int) -> set[tuple[str, str]]:
    """What the worker of this number has said of its end: reason and kind, once each."""
    page = exporter.metrics.page()
    mine = [each for each in page.samples(COUNT) if each.labels["worker_id"].startswith(f"worker_{worker}_")]
    reasons = [each for each in page.samples(REASON) if each.labels["worker_id"].startswith(f"worker_{worker}_")]
    assert [each.labels["reason"] for each in reasons] == [each.labels["reason"] for each in mine]
    assert {each.value for each in [*mine, *reasons]} <= {1}
    return {(each.labels["reason"], each.labels["restart_type"]) for each in mine}


@pytest.mark.thorough
@pytest.mark.xfail(
    reason="The handler of SIGCHLD takes a lock; a second SIGCHLD meanwhile waits for it in the same thread, for ever.",
    raises=DeadlineExceeded,
)
def test_a_master_survives_the_ends_of_many_workers_at_once(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=1))
    rig.start()
    for more in range(20):  # it has happened in the first two rounds to 72 masters of 72
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            os.kill(exporter.pid, signal.SIGCHLD)
            time.sleep(0.00001)  # gives way to the master: of what comes while it does not run, it sees one
        exporter.more_workers()
        exporter.wait_for_workers(2 + more, within=1)


@pytest.mark.thorough
def test_a_worker_that_has_had_its_share_of_requests_is_replaced(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=1, args=["--max-requests", "3"]))
    rig.start()
    before = exporter.workers
    visit(exporter, 3)
    exporter.wait_for_workers(1, other_than=before)
    exporter.metrics.wait((exporter.restarts("chld") == 1) & (exporter.requests == 3), within=WITHIN)
    assert exporter.metrics.samples(REASON) == []


@pytest.mark.thorough
def test_a_second_master_is_counted_and_can_be_ended(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=1))
    rig.start()
    before = exporter.workers
    second = exporter.upgrade()
    exporter.metrics.wait(exporter.restarts("usr2") == 1, within=WITHIN)
    second.kill()  # it would hear SIGTERM only after the 20 s in which it waits for the first one's port
    exporter.metrics.wait(exporter.restarts("chld") == 1, within=WITHIN)
    assert exporter.workers == before
    visit(exporter, 2)
    exporter.metrics.wait(exporter.requests == 2, within=WITHIN)


@pytest.mark.thorough
@pytest.mark.xfail(
    reason="A second master waits 20 s for the metrics port, which the first one has, before it has any workers.",
    raises=DeadlineExceeded,
)
def test_a_second_master_has_workers_at_once(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=1))
    rig.start()
    second = exporter.upgrade()
    try:
        exporter.wait(lambda _: len(second.workers) == 1, within=1)
    finally:
        second.kill()


@pytest.mark.thorough
@pytest.mark.patient
def test_a_worker_that_hangs_is_aborted_and_says_so(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=1, timeout=1))
    rig.start()
    before = exporter.workers
    assert ask(exporter, "/sleep/30")[0] == 500
    exporter.wait_for_workers(1, other_than=before)
    exporter.metrics.wait(
        (metric(COUNT, reason="abort", restart_type="forced").sum() == 1) & (exporter.restarts("chld") == 1),
        within=WITHIN,
    )
    assert told(exporter, 1) == {("abort", "forced")}
    assert "WORKER TIMEOUT" in exporter.logs.text()
