"""The files: which process has which, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter_suite import Exporter, visit

if TYPE_CHECKING:
    from metricrig import Rig


def of(*pids: int, kinds: tuple[str, ...] = ("counter", "gauge_all", "histogram")) -> set[str]:
    """The files of these processes."""
    return {f"{kind}_{pid}.db" for kind in kinds for pid in pids}


def test_each_process_has_files_of_its_own_that_outlive_it(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=1))
    rig.start()
    (first,) = exporter.workers
    assert exporter.files == set()
    visit(exporter, 3)
    exporter.metrics.wait(exporter.requests == 3, within=5)
    assert exporter.files == of(first)
    exporter.more_workers()
    exporter.metrics.wait(exporter.restarts("ttin") == 1, within=5)
    assert exporter.files == of(first) | of(exporter.pid, kinds=("counter",))
    exporter.stop()
    assert exporter.kept("gunicorn_worker_requests_total") == 3
    exporter.start()
    (second,) = exporter.workers
    visit(exporter, 1)
    exporter.metrics.wait(exporter.requests == 4, within=5)
    assert exporter.files >= of(first) | of(second)
