"""The HTTP API as a service of a rig, asserted on what it answers, what the store has, and what its metrics say."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from programs import post
from stores import Store, is_prometheus

from metricrig import Instance, metric

INGESTED = metric("ingest_samples_total", outcome="ingested")
INVALID = metric("ingest_samples_total", outcome="invalid")
REJECTED = metric("ingest_samples_total", outcome="rejected")
ALL = metric("ingest_samples_total").sum()


def test_a_posted_sample_is_in_the_store_and_in_the_metrics(api: Instance, store: Store, name: str) -> None:
    now = time.time()
    with api.metrics.change(INGESTED) as ingested:
        answer = post(api, {"metric": name, "value": 100, "labels": {"status": "ok"}, "timestamp": now})
    assert answer == (200, {"status": "ingested"})
    assert ingested == 1
    store.flush()
    assert store.query(f"sum by (status) ({name})", at=now) == {"ok": 100}


def test_many_at_once_are_all_there(api: Instance, store: Store, name: str) -> None:
    now = time.time()
    samples = [{"metric": name, "value": 1, "labels": {"n": str(n)}, "timestamp": now} for n in range(40)]
    with api.metrics.change(INGESTED) as ingested, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda sample: post(api, sample)[0], samples))
    assert answers == [200] * 40
    assert ingested == 40
    store.flush()
    assert store.query(f"count({name})", at=now) == 40


@pytest.mark.parametrize(
    "sample",
    [
        b"{",
        b"[]",
        {"metric": "a"},
        {"metric": "a", "value": "1"},
        {"metric": "a", "value": True},
        {"metric": "1a", "value": 1},
    ],
)
def test_a_wrong_sample_is_refused_and_counted(api: Instance, sample: Any) -> None:
    with api.metrics.change(INVALID) as invalid, api.metrics.change(ALL) as counted:
        status, answer = post(api, sample)
    assert status == 400
    assert "expected JSON" in answer["error"] or "no name of a metric" in answer["error"]
    assert invalid == counted == 1


def test_what_the_store_says_to_a_late_sample_is_told_to_the_caller(api: Instance, store: Store, name: str) -> None:
    now = time.time()
    assert post(api, {"metric": name, "value": 2, "timestamp": now})[0] == 200
    with api.metrics.change(REJECTED) as rejected:
        status, answer = post(api, {"metric": name, "value": 1, "timestamp": now - 60})
    if is_prometheus(store):
        assert (status, float(rejected)) == (422, 1)
        assert "out of order sample" in answer["error"]
    else:
        assert (status, float(rejected)) == (200, 0)


def test_other_paths_are_not_there(api: Instance) -> None:
    assert post(api, {}, "/elsewhere") == (404, {"error": "samples are posted to /ingest"})
