"""Answers of every kind: nothing of them is lost without an error, and no shape of JSON is a raw exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.receiver import receiving, status

from metricrig.metrics.promql import PartialAnswer, Promql, QueryFailed
from metricrig.metrics.results import Matrix, Vector

SAMPLE = {"metric": {"__name__": "up", "job": "a"}, "value": [1, "2"]}
SERIES = {"metric": {"job": "a"}, "values": [[1, "2"], [2, "3"]]}


def answered(content: Any, ask: Callable[[Promql], Any], **beside: Any) -> Any:
    """What a question gets from a server that says this."""
    said = json.dumps({"status": "success", "data": content, **beside})
    with receiving(status(200, said)) as receiver:
        server = Promql(receiver.url, within=20)
        try:
            return ask(server)
        finally:
            server.server.close()


def asked(kind: str, result: Any, **beside: Any) -> Any:
    return answered({"resultType": kind, "result": result}, lambda server: server.query("x"), **beside)


def test_a_text_is_a_result() -> None:
    text = asked("string", [1.5, "hello"])
    assert text == "hello"
    assert text != "Hello"
    assert text != 1.5
    assert text == asked("string", [1.5, "hello"])
    assert text != asked("string", [1.5, "bye"])
    assert "hello" in str(text)
    assert "expected 'bye'" in text.difference("bye")


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("vector", [{"metric": {}, "histogram": [1, {"count": "3", "sum": "2", "buckets": []}]}]),
        ("vector", [SAMPLE, {"metric": {"a": "b"}, "histogram": [1, {"count": "3", "sum": "2"}]}]),
        ("matrix", [{**SERIES, "histograms": [[3, {"count": "3", "sum": "2"}]]}]),
    ],
)
def test_a_native_histogram_is_never_left_out(kind: str, result: Any) -> None:
    with pytest.raises(QueryFailed, match=r"native histograms: 1 of \d series(.|\n)*histogram_quantile"):
        asked(kind, result)


@pytest.mark.parametrize(
    ("beside", "why"),
    [
        ({"isPartial": True}, "some of the storage did not answer"),
        ({"warnings": ["remote read of http://far failed"]}, "remote read of http://far failed"),
    ],
)
def test_a_partial_answer_is_an_error_that_has_the_answer(beside: dict[str, Any], why: str) -> None:
    with pytest.raises(PartialAnswer, match=why) as caught:
        asked("vector", [SAMPLE], **beside)
    assert caught.value.result == 2
    grid = {"resultType": "matrix", "result": [SERIES]}
    with pytest.raises(PartialAnswer, match=why):
        answered(grid, lambda server: server.query_range("x", 1, 2, 1), **beside)


def test_remarks_on_a_query_stay_with_its_result() -> None:
    remarks = ["PromQL warning: not a counter", "PromQL info: counter expected"]
    for kind, result in (("vector", [SAMPLE]), ("scalar", [1, "2"])):
        found = asked(kind, result, warnings=remarks[:1], infos=remarks[1:])
        assert found.notes == tuple(remarks)
        assert found == 2
        assert "not a counter" in str(found)
        assert "counter expected" in found.difference(3)
    assert asked("vector", [SAMPLE]).notes == ()


def test_an_answer_that_is_whole_says_so_too() -> None:
    assert asked("vector", [SAMPLE], isPartial=False, warnings=[], infos=None) == 2


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "text",
        {},
        {"resultType": "vector"},
        {"resultType": "vector", "result": None},
        {"resultType": "vector", "result": [1]},
        {"resultType": "vector", "result": [{"metric": {}}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": [1]}]},
        {"resultType": "vector", "result": [{"metric": {}, "value": ["a", "b"]}]},
        {"resultType": "matrix", "result": [{"metric": [], "values": 5}]},
        {"resultType": "scalar", "result": []},
        {"resultType": "string", "result": {}},
    ],
)
def test_whatever_is_no_answer_of_this_api_is_shown(content: Any) -> None:
    with pytest.raises(QueryFailed, match="none of this API"):
        answered(content, lambda server: server.query("x"))


def test_results_are_of_their_types() -> None:
    assert isinstance(asked("vector", [SAMPLE]), Vector)
    assert isinstance(asked("matrix", [SERIES]), Matrix)
