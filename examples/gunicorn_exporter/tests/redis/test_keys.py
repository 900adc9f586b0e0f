"""What the exporter writes into Redis: nothing before the first request, then hashes, under keys that say whose."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, keys, visit

if TYPE_CHECKING:
    from exporter_suite import InRedis

    from metricrig import Rig

KEY = re.compile(r"(?P<kind>counter|gauge_all|histogram):(?P<pid>\d+):(?P<part>metric|meta):(?P<md5>[0-9a-f]{32})")
GAUGES = (
    "gunicorn_worker_memory_bytes",
    "gunicorn_worker_cpu_percent",
    "gunicorn_worker_uptime_seconds",
    "gunicorn_worker_state",
)
SAMPLES = {  # all that a worker has after its first request
    "gunicorn_worker_requests_total",
    "gunicorn_worker_request_duration_seconds_bucket",
    "gunicorn_worker_request_duration_seconds_sum",
    *GAUGES,
}


def test_nothing_is_kept_before_the_first_request_and_exact_counts_after_it(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=2, storage=store))
    rig.start()
    assert keys.of(store) == set()
    assert exporter.metrics.page().names() == ()
    visit(exporter, 5)
    exporter.metrics.wait((exporter.requests == 5) & (exporter.durations == 5), within=5)
    for gauge in GAUGES:
        told = {int(each.labels["pid"]) for each in exporter.metrics.samples(gauge)}
        assert told, gauge
        assert told <= set(exporter.workers)
    assert exporter.files == set()


def test_a_key_says_type_process_and_hash_and_its_meta_what_was_hashed(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=1, storage=store))
    rig.start()
    visit(exporter, 3)
    exporter.metrics.wait(exporter.durations == 3, within=5)
    kept = keys.hashes(store)
    parsed = {each: KEY.fullmatch(each) for each in kept}
    assert all(parsed.values()), sorted(each for each, match in parsed.items() if not match)
    assert {match["pid"] for match in parsed.values() if match} == set(map(str, exporter.workers))

    names = set()
    for each, match in parsed.items():
        if match and match["part"] == "meta":
            original = kept[each]["original_key"]
            assert hashlib.md5(original.encode(), usedforsecurity=False).hexdigest() == match["md5"]
            _, name, labels, description = json.loads(original)
            assert re.fullmatch(r"worker_1_\d+", labels["worker_id"])
            assert description
            assert kept[each]["typ"] == match["kind"].removesuffix("_all")
            assert set(kept[each.replace(":meta:", ":metric:")]) == {"value", "timestamp", "updated_at"}
            names.add(name)
    assert names == SAMPLES


@pytest.mark.thorough
def test_a_key_keeps_the_time_of_its_creation(rig: Rig, store: InRedis) -> None:
    exporter = rig.add(Exporter(workers=1, storage=store))
    rig.start()
    visit(exporter, 1)
    exporter.metrics.wait(exporter.durations == 1, within=5)
    ((counter, before),) = _requests(store).items()
    visit(exporter, 1)
    exporter.metrics.wait(exporter.durations == 2, within=5)
    ((same, after),) = _requests(store).items()
    assert same == counter
    assert after["created_at"] == before["created_at"]
    assert float(after["updated_at"]) > float(before["updated_at"]) > float(before["created_at"])
    assert (before["value"], after["value"]) == ("1.0", "2.0")


def _requests(store: InRedis) -> dict[str, dict[str, str]]:
    """The counters of requests: value and meta of each together."""
    kept = keys.hashes(store)
    metas = {each: fields for each, fields in kept.items() if "worker_requests_total" in fields.get("original_key", "")}
    return {each: fields | kept[each.replace(":meta:", ":metric:")] for each, fields in metas.items()}
