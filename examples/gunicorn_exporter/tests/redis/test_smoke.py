"""The exporter with its numbers in Redis: it starts, counts and stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter_suite import Exporter, keys, visit

if TYPE_CHECKING:
    from exporter_suite import InRedis

    from metricrig import Rig


def test_requests_are_counted_in_redis(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=2, storage=store))
    rig.start()
    assert keys.of(store) == set()
    visit(exporter, 5)
    exporter.metrics.wait(exporter.requests == 5, within=5)
    assert {each.split(":")[0] for each in keys.of(store)} == {"counter", "gauge_all", "histogram"}
    assert exporter.files == set()
    exporter.stop()
