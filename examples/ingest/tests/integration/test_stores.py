"""The writer in this process, against real stores of every version."""

from __future__ import annotations

import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from ingest import Rejected, Sample, Writer, wire
from stores import Store, is_prometheus

from metricrig import Service
from metricrig.metrics import assert_label_exists, payload

LABELS = {"status": "ok", "city": "Zürich", "path": 'C:\\ "x"\n'}


def post(store: Store, body: bytes) -> int:
    """By hand, without the application."""
    request = urllib.request.Request(f"{store.url}/api/v1/write", body, wire.HEADERS)
    with urllib.request.urlopen(request) as answer:
        status: int = answer.status
    return status


def test_a_store_takes_what_payload_encodes(store: Store, name: str) -> None:
    moment = time.time()
    assert post(store, payload(name, 42, {"colour": "green"}, timestamp=moment)) == 204
    store.flush()
    found = store.query(name, at=moment)
    assert found == 42
    assert_label_exists(found, "colour", "green")


def test_what_was_written_can_be_asked_for(store: Store, name: str) -> None:
    sample = Sample(name, 100, LABELS)
    with Writer(store.url) as writer:
        writer.write(sample)
    store.flush()
    found = store.query(name, at=sample.timestamp / 1000)
    assert found == 100
    for label, value in LABELS.items():
        assert_label_exists(found, label, value)


@pytest.mark.parametrize("value", [0.0, -2.5, 1e300, float("inf"), float("-inf")])
def test_values_come_back_as_they_were(store: Store, name: str, value: float) -> None:
    sample = Sample(name, value)
    with Writer(store.url) as writer:
        writer.write(sample)
    store.flush()
    assert store.query(name, at=sample.timestamp / 1000) == value


def test_a_sample_that_was_sent_twice_is_there_once(store: Store, name: str) -> None:
    now = time.time_ns() // 1_000_000
    with Writer(store.url) as writer:
        for _ in range(2):  # as after an answer that got lost
            writer.write(Sample(name, 1, timestamp=now))
        writer.write(Sample(name, 2, timestamp=now + 1000))
    store.flush()
    assert store.query(f"count_over_time({name}[1m])", at=now / 1000 + 1) == 2


def test_a_series_is_written_by_many_threads(store: Store, name: str) -> None:
    with Writer(store.url) as writer, ThreadPoolExecutor(8) as pool:
        samples = [Sample(name, number, {"number": str(number)}) for number in range(50)]
        list(pool.map(writer.write, samples))
    store.flush()
    found = store.query(f"sum({name})", at=max(each.timestamp for each in samples) / 1000)
    assert found == sum(range(50))


def test_garbage_is_refused_with_the_stores_own_words(store: Store) -> None:
    with Writer(store.url) as writer, pytest.raises(Rejected, match=r"answered 400: .*(snappy|decode|decompress)"):
        writer.send(b"this is no block of snappy")


def test_a_path_that_takes_no_samples_is_a_refusal(store: Store) -> None:
    with Writer(f"{store.url}/api/v1/nothing") as writer, pytest.raises(Rejected, match="answered 40"):
        writer.write(Sample("a", 1))


def test_only_prometheus_refuses_what_is_out_of_order(store: Store, name: str) -> None:
    now = time.time_ns() // 1_000_000
    with Writer(store.url) as writer:
        writer.write(Sample(name, 2, timestamp=now))
        earlier = Sample(name, 1, timestamp=now - 60_000)
        if is_prometheus(store):
            with pytest.raises(Rejected, match="answered 400: out of order sample"):
                writer.write(earlier)
        else:
            writer.write(earlier)
            store.flush()
            assert store.query(name, at=now / 1000 - 60) == 1


def test_the_server_has_the_version_that_was_asked_for(store: Store, described: Service) -> None:
    assert store.version == described.version
