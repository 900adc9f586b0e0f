"""The exporter configured by a YAML file: it starts, counts and stops, with either storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter_suite import Exporter, keys, visit
from exporter_suite.configuration import as_it_is

if TYPE_CHECKING:
    from exporter_suite import InRedis

    from metricrig import Rig


def test_requests_are_counted_in_files(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=2, yaml=as_it_is))
    rig.start()
    visit(exporter, 5)
    exporter.metrics.wait(exporter.requests == 5, within=5)
    assert exporter.files


def test_requests_are_counted_in_redis(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=2, storage=store, yaml=as_it_is))
    rig.start()
    visit(exporter, 5)
    exporter.metrics.wait(exporter.requests == 5, within=5)
    assert keys.of(store)
