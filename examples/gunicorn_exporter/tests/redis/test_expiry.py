"""Keys end by themselves when nobody writes them. It is Redis's clock that is waited for: some TTLs are a second."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, keys, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter_suite import ExporterInstance, InRedis

    from metricrig import Rig

BUCKET = "gunicorn_worker_request_duration_seconds_bucket"
SHORT = 1


@pytest.mark.thorough
def test_every_key_has_an_end_which_traffic_puts_off(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=1, storage=store))
    rig.start()
    visit(exporter, 1)
    exporter.metrics.wait(exporter.durations == 1, within=5)
    first = keys.ends(store)
    assert first.keys() == keys.of(store)
    with keys.connected(store) as client:
        now = client.time()[0]
    assert store.ttl is not None
    assert all(now < end <= now + store.ttl + 1 for end in first.values())

    counters = {each for each in first if each.startswith("counter:")}

    def later(_: ExporterInstance) -> bool:
        visit(exporter, 1)
        now = keys.ends(store)
        return all(now[each] > first[each] + 0.1 for each in counters)

    exporter.wait(later, within=10)


def test_after_an_idle_time_nothing_is_left_and_the_next_request_restores_the_counts(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=1, storage=replace(store, ttl=SHORT)))
    rig.start()
    visit(exporter, 5)
    exporter.wait(lambda _: not keys.of(store), within=10)
    assert exporter.metrics.page().names() == ()
    visit(exporter, 1)
    exporter.metrics.wait(exporter.requests == 6, within=5)


@pytest.mark.thorough
@pytest.mark.xfail(
    raises=AssertionError,
    reason="Only what a request writes lives on: under steady quick traffic the larger buckets end, +Inf among them,"
    " and histogram_quantile() has no answer.",
)
def test_steady_traffic_keeps_all_buckets(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=1, storage=replace(store, ttl=SHORT)))
    rig.start()
    visit(exporter, 1)
    _visit_for(exporter, 1.5 * SHORT)
    assert "+Inf" in {each.labels["le"] for each in exporter.metrics.samples(BUCKET)}


@pytest.mark.thorough
def test_keys_without_a_ttl_stay(rig: Rig, room: Callable[..., InRedis]) -> None:
    """In a Redis of our own only: should this run be killed, they would stay in somebody's for ever."""
    forever = room(ttl=None)
    exporter = rig.add(Exporter(workers=1, storage=forever, needs=["redis"]))
    rig.start()
    visit(exporter, 1)
    exporter.metrics.wait(exporter.durations == 1, within=5)
    assert keys.of(forever)
    assert keys.ends(forever) == {}
    exporter.stop()
    assert keys.of(forever)


def _visit_for(exporter: ExporterInstance, seconds: float) -> None:
    """One request after the other; all of them are counted, if what they touch lives on."""
    end = time.monotonic() + seconds
    times = 1
    while time.monotonic() < end:
        visit(exporter, 1)
        times += 1
        exporter.metrics.wait(exporter.requests == times, within=5)
