"""The exporter with its numbers in files: it starts, counts and stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter_suite import Exporter, visit

if TYPE_CHECKING:
    from metricrig import Rig


def test_requests_are_counted_in_files(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=2))
    rig.start()
    visit(exporter, 5)
    exporter.metrics.wait(exporter.requests == 5, within=5)
    assert {each.split("_")[0] for each in exporter.files} == {"counter", "gauge", "histogram"}
    exporter.stop()
