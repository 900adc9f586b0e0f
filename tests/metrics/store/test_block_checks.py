"""Names that some server would drop without a word: they are refused before they are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from support.receiver import Handler, receiving

from metricrig import UsageError
from metricrig.metrics.remote_write import payload
from metricrig.metrics.store import PrometheusStore
from metricrig.metrics.store.errors import Unkeepable
from metricrig.metrics.timeline import Block


def prometheus(version: str) -> Any:
    """An answer to whatever is asked: the build, or a sample that is there."""

    def reply(handler: Handler) -> None:
        found = {"resultType": "vector", "result": [{"metric": {}, "value": [1, "1"]}]}
        built = "buildinfo" in handler.path
        said = json.dumps({"status": "success", "data": {"version": version} if built else found}).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(said)))
        handler.end_headers()
        handler.wfile.write(said)

    return reply


def block(*several: Mapping[str, str]) -> Block:
    shape = (len(several), 1)
    return Block(list(several), np.array([1_704_067_200_000]), np.ones(shape), np.ones(shape, bool))


@pytest.mark.parametrize(
    ("name", "labels", "why"),
    [
        ("", {}, "needs the name of its series"),
        ("x", {"": "a"}, "a label needs a name"),
        ("x", {"__name__": "y"}, "cannot be called 'y' as well"),
        ("x", {"a": 5}, "a text"),
    ],
)
def test_what_no_server_takes_is_not_sent(name: str, labels: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        payload(name, 1, labels)


def test_a_value_is_a_number() -> None:
    with pytest.raises(UsageError, match="a number"):
        payload("x", "1")  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", [{"__name__": "a-b"}, {"__name__": "a", "b.c": "d"}, {"__name__": "größe"}])
def test_a_name_of_any_characters_needs_prometheus_3(labels: dict[str, str]) -> None:
    name = labels["__name__"]
    rest = {each: value for each, value in labels.items() if each != "__name__"}
    with receiving(prometheus("2.55.1")) as receiver:
        store = PrometheusStore(receiver.url, within=20)
        with pytest.raises(Unkeepable, match="is a name for Prometheus 3"):
            store.write(name, 1, rest)
        with pytest.raises(Unkeepable, match="is a name for Prometheus 3"):
            store.ingest(block({"__name__": "sound"}, labels))
        store.server.close()
    with receiving(prometheus("3.5.0")) as receiver:
        store = PrometheusStore(receiver.url, within=20)
        assert store.write(name, 1, rest).samples == 1
        assert store.ingest(block({"__name__": "sound"}, labels)).samples == 2
        store.server.close()


@pytest.mark.parametrize("labels", [{"job": "a"}, {"__name__": ""}, {"__name__": "a", "": "b"}])
def test_a_block_without_names_is_not_sent_to_a_prometheus(labels: dict[str, str]) -> None:
    with receiving(prometheus("3.5.0")) as receiver:
        store = PrometheusStore(receiver.url, within=20)
        with pytest.raises(Unkeepable, match="name"):
            store.ingest(block(labels))
        store.server.close()
