"""The links of a rig and Toxiproxy's API: what is made or done on either side is there on the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.toxiproxy_client import ToxiproxyClient
from support.upstreams import Upstream, dial, exactly

from metricrig import Rig, UsageError
from metricrig.services import Redis


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig("links") as made:
        made.add(Redis())
        yield made


@pytest.fixture
def api(rig: Rig) -> ToxiproxyClient:
    return ToxiproxyClient(rig.links.api)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


def test_the_api_is_at_one_address(rig: Rig) -> None:
    assert rig.links.api == rig.links.api
    assert rig.links.api.startswith("http://127.0.0.1:")


def test_a_link_is_a_proxy_of_its_name(rig: Rig, api: ToxiproxyClient) -> None:
    link = rig.link("redis", name="cache")
    assert api.get("/proxies")["cache"]["listen"] == f"{link.host}:{link.port}"
    assert len(rig.links) == 1


def test_a_proxy_is_a_link_of_its_name(rig: Rig, api: ToxiproxyClient, upstream: Upstream) -> None:
    made = api.proxy("theirs", upstream.address)
    link = rig.links["theirs"]
    assert (link.name, link.address(), link.url) == ("theirs", made["listen"], made["listen"])
    assert [each.name for each in rig.links] == ["theirs"]
    assert "theirs" in rig.links
    api.delete("/proxies/theirs")
    assert "theirs" not in rig.links
    with pytest.raises(UsageError, match="no link is called 'theirs'"):
        rig.links["theirs"]


def test_a_fault_of_the_rig_bites_who_came_by_the_api(rig: Rig, api: ToxiproxyClient, upstream: Upstream) -> None:
    made = api.proxy("theirs", upstream.address)
    with rig.links["theirs"].cut() as cut:
        api.post("/reset")
        with pytest.raises(ConnectionRefusedError):
            dial(made["listen"])
    assert cut.healing_evidence
    with dial(made["listen"]) as connection:
        connection.sendall(b"ping")
        assert exactly(connection, 4) == b"ping"


def test_evidence_says_that_the_api_keeps_the_link_down(rig: Rig, api: ToxiproxyClient) -> None:
    """Whoever connects is still refused: a connection that gets through cannot be what was seen."""
    link = rig.link("redis", name="cache")
    with link.cut() as cut:
        api.patch("/proxies/cache", {"enabled": False})
    assert "disabled by Toxiproxy's API" in cut.healing_evidence


def test_a_name_that_a_proxy_has_is_refused_to_a_link(rig: Rig, api: ToxiproxyClient, upstream: Upstream) -> None:
    api.proxy("theirs", upstream.address)
    with pytest.raises(UsageError, match="theirs"):
        rig.link("redis", name="theirs")
