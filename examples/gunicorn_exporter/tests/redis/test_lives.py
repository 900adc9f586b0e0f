"""Counts outlive the process that has counted, be it a worker or the master: they are in Redis until they end there."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, visit

if TYPE_CHECKING:
    from exporter_suite import InRedis

    from metricrig import Rig


@pytest.mark.thorough
def test_what_a_dead_worker_has_counted_stays(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=1, storage=store))
    rig.start()
    visit(exporter, 3)
    exporter.metrics.wait(exporter.durations == 3, within=5)
    before = exporter.workers
    exporter.signal_worker(before[0], signal.SIGKILL)
    exporter.wait_for_workers(1, other_than=before)
    exporter.metrics.wait((exporter.durations == 3) & (exporter.restarts("chld") >= 1), within=5)


@pytest.mark.thorough
def test_a_new_master_goes_on_counting(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=1, storage=store))
    rig.start()
    visit(exporter, 3)
    exporter.metrics.wait(exporter.durations == 3, within=5)
    exporter.restart()
    assert exporter.metrics.evaluate(exporter.requests) == 3
    visit(exporter, 2)
    exporter.metrics.wait(exporter.durations == 5, within=5)
    exporter.kill()
    exporter.start()
    assert exporter.metrics.evaluate(exporter.requests) == 5
