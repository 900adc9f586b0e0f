"""Samples, bodies and patience: no server."""

from __future__ import annotations

from typing import Any

import cramjam
import pytest
from ingest import BadUrl, InvalidSample, Sample
from ingest.retrying import pause_after, worth_retrying
from ingest.sample import milliseconds
from ingest.wire import WriteRequest, body
from ingest.writer import endpoint

from metricrig.metrics import payload

NOW = 1_704_067_230_000


def decoded(data: bytes) -> Any:
    return WriteRequest.FromString(bytes(cramjam.snappy.decompress_raw(data)))


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a b", "größe", 'a{b="c"}'])
def test_a_name_that_no_store_takes_is_refused(name: str) -> None:
    with pytest.raises(InvalidSample, match="no name of a metric"):
        Sample(name, 1)


@pytest.mark.parametrize("label", ["", "a:b", "1st", "__name__"])
def test_a_label_that_no_store_takes_is_refused(label: str) -> None:
    with pytest.raises(InvalidSample, match="no name of a label"):
        Sample("a", 1, {label: "x"})


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        (lambda: Sample("a", float("nan")), "NaN"),
        (lambda: Sample("a", 1, {"b": ""}), "has no value"),
        (lambda: Sample("a", 1, {"b": "\udcff"}), "not UTF-8"),
        (lambda: Sample("a", 1, timestamp=2**63), "more than a store can count"),
        (lambda: Sample("a", 1, timestamp=milliseconds(float("inf"))), "is no time"),
    ],
)
def test_what_a_store_would_lose_is_refused(sample: type[Sample], why: str) -> None:
    with pytest.raises(InvalidSample, match=why):
        sample()  # type: ignore[call-arg]


@pytest.mark.parametrize("labels", [{}, {"status": "ok", "Zone": "b", "city": "Zürich"}])
@pytest.mark.parametrize("value", [0.0, 100.0, -1.5, 1e300, float("inf")])
def test_a_body_is_what_another_implementation_writes(labels: dict[str, str], value: float) -> None:
    ours = body(Sample("orders_total", value, labels, NOW))
    theirs = payload("orders_total", value, labels, timestamp=NOW / 1000)
    # The messages, not their bytes: a value of 0 may be written, or left out.
    assert decoded(ours) == decoded(theirs)


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("http://vm:8428", "http://vm:8428/api/v1/write"),
        ("http://vm:8428/", "http://vm:8428/api/v1/write"),
        ("http://vm:8428?extra_label=a%3Db", "http://vm:8428/api/v1/write?extra_label=a%3Db"),
        ("https://cortex/api/prom/push", "https://cortex/api/prom/push"),
        ("http://[::1]:9090", "http://[::1]:9090/api/v1/write"),
    ],
)
def test_a_url_without_a_path_has_the_usual_one(url: str, meant: str) -> None:
    assert endpoint(url) == meant


@pytest.mark.parametrize(
    "url", ["", "vm", "vm:8428", "ftp://vm", "http://", "http://a b", "http://vm:0", "http://vm:x"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(BadUrl, match=r"expected something like http://127\.0\.0\.1:8428"):
        endpoint(url)


def test_a_password_is_neither_ignored_nor_repeated() -> None:
    with pytest.raises(BadUrl, match="a user or a password") as refusal:
        endpoint("http://me:secret@vm:8428")
    assert "secret" not in str(refusal.value)


def test_pauses_double_up_to_five_seconds_and_depend_on_chance() -> None:
    longest = [pause_after(tries, chance=1) for tries in range(1, 9)]
    assert longest == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]
    assert [pause_after(tries, chance=0) for tries in (1, 2, 8)] == [0.05, 0.1, 2.5]


@pytest.mark.parametrize(
    ("asked", "pause"), [("3", 3), ("0", 0.1), ("Fri, 31 Dec 1999 23:59:59 GMT", 0.1), ("-1", 0.1)]
)
def test_a_store_that_says_when_to_come_back_is_believed(asked: str, pause: float) -> None:
    assert pause_after(1, asked, chance=1) == pause


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (404, False), (301, False), (429, True), (500, True), (503, True)]
)
def test_only_what_may_change_is_tried_again(status: int, again: bool) -> None:
    assert worth_retrying(status) == again
