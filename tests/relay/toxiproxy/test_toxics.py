"""Toxics as the API shows and takes them. Each scenario runs on the real Toxiproxy and on a rig's links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.toxiproxy_client import ToxiproxyClient
    from support.upstreams import Upstream

TOXICS = "/proxies/redis/toxics"


@pytest.fixture(autouse=True)
def proxy(toxiproxy_api: ToxiproxyClient, upstream: Upstream) -> Any:
    return toxiproxy_api.proxy("redis", upstream.address)


def test_a_toxic_is_shown_as_it_was_made(toxiproxy_api: ToxiproxyClient, proxy: Any) -> None:
    asked = {
        "name": "slow",
        "type": "latency",
        "stream": "upstream",
        "toxicity": 0.5,
        "attributes": {"latency": 100, "jitter": 10},
    }
    answer = toxiproxy_api.ask("POST", TOXICS, asked)
    assert (answer.status, answer.type) == (200, "application/json")
    assert answer.content == asked
    assert list(answer.content) == ["attributes", "name", "type", "stream", "toxicity"]
    assert toxiproxy_api.get(TOXICS) == [asked]
    assert toxiproxy_api.get(f"{TOXICS}/slow") == asked
    assert toxiproxy_api.get("/proxies/redis") == {**proxy, "toxics": [asked]}
    assert toxiproxy_api.get("/proxies")["redis"]["toxics"] == [asked]


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("latency", ["latency", "jitter"]),
        ("bandwidth", ["rate"]),
        ("slow_close", ["delay"]),
        ("timeout", ["timeout"]),
        ("reset_peer", ["timeout"]),
        ("slicer", ["average_size", "size_variation", "delay"]),
        ("limit_data", ["bytes"]),
        ("noop", []),
    ],
)
def test_what_is_not_said_of_a_toxic_has_its_default(
    toxiproxy_api: ToxiproxyClient, kind: str, attributes: list[str]
) -> None:
    made = toxiproxy_api.post(TOXICS, {"type": kind})
    assert made == {
        "name": f"{kind}_downstream",
        "type": kind,
        "stream": "downstream",
        "toxicity": 1,
        "attributes": dict.fromkeys(attributes, 0),
    }
    assert list(made["attributes"]) == attributes


@pytest.mark.parametrize("attributes", [None, {}, {"colour": 1}, {"latency": None}])
def test_attributes_that_say_nothing_are_fine(toxiproxy_api: ToxiproxyClient, attributes: object) -> None:
    made = toxiproxy_api.post(TOXICS, {"type": "latency", "attributes": attributes})
    assert made["attributes"] == {"latency": 0, "jitter": 0}


def test_a_stream_is_read_in_any_case_and_shown_as_it_was_written(toxiproxy_api: ToxiproxyClient) -> None:
    made = toxiproxy_api.post(TOXICS, {"type": "noop", "stream": "UpStream"})
    assert (made["name"], made["stream"]) == ("noop_UpStream", "UpStream")


@pytest.mark.parametrize(("said", "shown"), [(0, 0), (1.0, 1), (0.2, 0.2), (0.123456789, 0.12345679), (2, 2), (-1, -1)])
def test_toxicity_is_a_number_of_32_bits(toxiproxy_api: ToxiproxyClient, said: float, shown: float) -> None:
    assert toxiproxy_api.toxic("redis", "noop", toxicity=said)["toxicity"] == shown


def test_toxics_are_listed_upstream_first_and_then_as_they_were_made(toxiproxy_api: ToxiproxyClient) -> None:
    for name, stream in (("c", "downstream"), ("b", "upstream"), ("a", "downstream"), ("d", "upstream")):
        toxiproxy_api.post(TOXICS, {"name": name, "type": "noop", "stream": stream})
    assert [each["name"] for each in toxiproxy_api.get(TOXICS)] == ["b", "d", "c", "a"]
    toxiproxy_api.patch(f"{TOXICS}/b", {"toxicity": 0.5})
    toxiproxy_api.delete(f"{TOXICS}/c")
    assert [each["name"] for each in toxiproxy_api.get(TOXICS)] == ["b", "d", "a"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "bad request body: EOF"),
        (b"{", "bad request body: unexpected EOF"),
        ({"type": "latency", "stream": "sideways"}, "stream was invalid, can be either upstream or downstream"),
        ({"type": "latency", "stream": ""}, "stream was invalid, can be either upstream or downstream"),
        ({"type": "gremlin"}, "invalid toxic type"),
        ({"type": "Latency"}, "invalid toxic type"),
        ({}, "invalid toxic type"),
        ({"type": "gremlin", "stream": "sideways"}, "stream was invalid, can be either upstream or downstream"),
    ],
)
def test_what_is_no_toxic_is_refused(toxiproxy_api: ToxiproxyClient, body: object, error: str) -> None:
    answer = toxiproxy_api.ask("POST", TOXICS, body)
    assert answer.error == (400, error)
    assert answer.type == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": 1},
        {"type": 1},
        {"stream": 1},
        {"toxicity": "all"},
        {"attributes": 7},
        {"attributes": []},
        {"attributes": {"latency": "100"}},
        {"attributes": {"latency": 0.5}},
        {"attributes": {"jitter": True}},
        {"attributes": {"latency": 1e100}},
        {"attributes": {"latency": 2**63}},
    ],
)
def test_fields_of_another_type_are_refused(toxiproxy_api: ToxiproxyClient, fields: dict[str, Any]) -> None:
    status, error = toxiproxy_api.ask("POST", TOXICS, {"type": "latency", **fields}).error
    assert status == 400
    assert error.startswith("bad request body: json: cannot unmarshal ")
    assert toxiproxy_api.get(TOXICS) == []


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_a_name_is_given_once_in_both_directions(toxiproxy_api: ToxiproxyClient, stream: str) -> None:
    made = toxiproxy_api.post(TOXICS, {"name": "x", "type": "latency"})
    again = {"name": "x", "type": "slow_close", "stream": stream}
    assert toxiproxy_api.ask("POST", TOXICS, again).error == (409, "toxic already exists")
    assert toxiproxy_api.get(TOXICS) == [made]


def test_the_usual_names_differ_by_direction(toxiproxy_api: ToxiproxyClient) -> None:
    for stream in ("upstream", "downstream"):
        toxiproxy_api.toxic("redis", "latency", stream)
    assert [each["name"] for each in toxiproxy_api.get(TOXICS)] == ["latency_upstream", "latency_downstream"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_update_changes_what_it_names_and_no_more(toxiproxy_api: ToxiproxyClient, method: str) -> None:
    made = toxiproxy_api.toxic("redis", "latency", toxicity=0.2, latency=100, jitter=10)
    one = toxiproxy_api.ask(method, f"{TOXICS}/latency_downstream", {"attributes": {"latency": 500}})
    assert (one.status, one.type) == (200, "application/json")
    assert one.content == {**made, "attributes": {"latency": 500, "jitter": 10}}
    two = toxiproxy_api.ask(method, f"{TOXICS}/latency_downstream", {"toxicity": 0.5}).content
    assert two == {**one.content, "toxicity": 0.5}
    kept = {"name": "other", "type": "timeout", "stream": "upstream"}
    assert toxiproxy_api.ask(method, f"{TOXICS}/latency_downstream", kept).content == two
    assert toxiproxy_api.get(TOXICS) == [two]


def test_an_update_that_is_wrong_changes_nothing(toxiproxy_api: ToxiproxyClient) -> None:
    made = toxiproxy_api.toxic("redis", "latency", latency=100)
    path = f"{TOXICS}/latency_downstream"
    assert toxiproxy_api.ask("PATCH", path, b"").error == (400, "bad request body: EOF")
    wrong: list[Any] = [{"toxicity": "x"}, {"attributes": {"latency": "x"}}, []]
    for body in wrong:
        status, error = toxiproxy_api.ask("PATCH", path, body).error
        assert (status, error[:40]) == (400, "bad request body: json: cannot unmarshal")
    assert toxiproxy_api.get(TOXICS) == [made]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_toxic_that_is_not_there_is_not_found(toxiproxy_api: ToxiproxyClient, method: str) -> None:
    assert toxiproxy_api.ask(method, f"{TOXICS}/none", b"{").error == (404, "toxic not found")


def test_a_removed_toxic_is_gone(toxiproxy_api: ToxiproxyClient) -> None:
    toxiproxy_api.toxic("redis", "latency", latency=100)
    removed = toxiproxy_api.ask("DELETE", f"{TOXICS}/latency_downstream")
    assert (removed.status, removed.text) == (204, "")
    assert toxiproxy_api.get(TOXICS) == []
    assert toxiproxy_api.ask("DELETE", f"{TOXICS}/latency_downstream").error == (404, "toxic not found")


def test_toxics_outlive_a_proxy_that_is_down_but_not_one_that_is_made_anew(
    toxiproxy_api: ToxiproxyClient, proxy: Any
) -> None:
    made = toxiproxy_api.toxic("redis", "latency", latency=100)
    for enabled in (False, True):
        assert toxiproxy_api.patch("/proxies/redis", {"enabled": enabled})["toxics"] == [made]
    assert toxiproxy_api.patch("/proxies/redis", {"upstream": "127.0.0.1:1"})["toxics"] == [made]
    toxiproxy_api.delete("/proxies/redis")
    assert toxiproxy_api.proxy("redis", proxy["upstream"], proxy["listen"])["toxics"] == []
