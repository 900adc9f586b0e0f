"""Where a relay is more than Toxiproxy: the rig's own links are proxies, and others cannot connect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.toxiproxy_client import ToxiproxyClient
from support.upstreams import Upstream, dial, exactly, hung_up_on, until_end

from metricrig import Rig
from metricrig.janitor.client import janitor
from metricrig.relay.effects import Corruption, Quota, ShutDoor
from metricrig.relay.policy import DOOR, DOWN
from metricrig.relay.relay_process import RelayProcess
from metricrig.relay.route import Route


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    with Rig("links") as rig:
        made = RelayProcess(janitor(), rig=rig.id, directory=rig.directory)
        yield made
        made.close()


@pytest.fixture
def api(relay: RelayProcess) -> ToxiproxyClient:
    return ToxiproxyClient(relay.toxiproxy_url)


@pytest.fixture
def route(relay: RelayProcess, upstream: Upstream) -> Route:
    host, _, port = upstream.address.rpartition(":")
    return relay.open("redis", (host, int(port)))


def listen(route: Route) -> str:
    host, port = route.listen[0]
    return f"{host}:{port}"


def test_the_api_is_at_one_place_from_when_it_is_asked_for(relay: RelayProcess) -> None:
    assert relay.toxiproxy_url == relay.toxiproxy_url
    assert relay.toxiproxy_url.startswith("http://127.0.0.1:")


def test_a_link_of_the_rig_is_a_proxy(api: ToxiproxyClient, route: Route, upstream: Upstream) -> None:
    shown = {
        "name": "redis",
        "listen": listen(route),
        "upstream": upstream.address,
        "enabled": True,
        "toxics": [],
    }
    assert api.get("/proxies") == {"redis": shown}
    again = {"name": "redis", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1"}
    assert api.ask("POST", "/proxies", again).error == (409, "proxy already exists")
    assert api.post("/populate", [shown]) == {"proxies": [shown]}


def test_a_link_that_leads_elsewhere_is_shown_so(api: ToxiproxyClient, route: Route) -> None:
    api.get("/proxies")
    route.aim(("127.0.0.1", 1))
    assert api.get("/proxies/redis")["upstream"] == "127.0.0.1:1"


def test_toxics_work_on_a_link_of_the_rig(api: ToxiproxyClient, route: Route) -> None:
    api.toxic("redis", "timeout", timeout=1)
    with dial(listen(route)) as connection:
        assert until_end(connection) == b""
    api.delete("/proxies/redis/toxics/timeout_downstream")
    assert route.policy.down == ()


def test_a_link_of_the_rig_is_disabled_and_enabled(api: ToxiproxyClient, route: Route) -> None:
    api.patch("/proxies/redis", {"enabled": False})
    with pytest.raises(ConnectionRefusedError):
        dial(listen(route))
    api.post("/reset")
    with dial(listen(route)) as connection:
        connection.sendall(b"ping")
        assert exactly(connection, 4) == b"ping"


def test_what_the_rig_does_to_a_link_is_not_undone_by_the_api(api: ToxiproxyClient, route: Route) -> None:
    """The test that has cut a link must not find it whole because a suite has reset its proxies."""
    cut, spoilt = ShutDoor(name="cut 1"), Corruption(name="corrupt 1", one_in=10)
    route.put((DOOR, cut), (DOWN, spoilt))
    api.toxic("redis", "bandwidth", rate=1)
    api.patch("/proxies/redis", {"enabled": False})
    api.patch("/proxies/redis", {"enabled": True, "upstream": "127.0.0.1:1"})
    api.post("/reset")
    assert (route.policy.door, route.policy.down) == ((cut,), (spoilt,))
    with pytest.raises(ConnectionRefusedError):
        dial(listen(route))


def test_what_the_api_does_to_a_link_is_not_undone_by_the_rig(api: ToxiproxyClient, route: Route) -> None:
    api.post("/proxies/redis/toxics", {"type": "limit_data", "attributes": {"bytes": 3}})
    route.put((DOWN, Quota(name="limit 1", limit=1)))
    route.take("limit 1")
    with dial(listen(route)) as connection:
        connection.sendall(b"ping")
        assert exactly(connection, 4) == b"pin"


def test_a_link_of_the_rig_stays_where_its_services_look_for_it(api: ToxiproxyClient, route: Route) -> None:
    status, error = api.ask("PATCH", "/proxies/redis", {"listen": "127.0.0.1:1"}).error
    assert (status, "redis is a link of the rig" in error) == (500, True)
    other = {"name": "redis", "listen": "127.0.0.1:1", "upstream": "127.0.0.1:1"}
    assert api.ask("POST", "/populate", [other]).status == 500
    with dial(listen(route)) as connection:
        connection.sendall(b"ping")
        assert exactly(connection, 4) == b"ping"


def test_a_link_that_the_rig_closes_is_gone(api: ToxiproxyClient, relay: RelayProcess, route: Route) -> None:
    api.toxic("redis", "latency")
    api.patch("/proxies/redis", {"enabled": False})
    target = route.target
    route.close()
    assert api.get("/proxies") == {}
    relay.open("redis", target)
    shown = api.get("/proxies/redis")
    assert (shown["toxics"], shown["enabled"]) == ([], True)


def test_a_proxy_of_the_api_is_a_route_of_the_relay(
    api: ToxiproxyClient, relay: RelayProcess, upstream: Upstream
) -> None:
    made = api.proxy("redis", upstream.address)
    (found,) = relay.routes
    assert (found.name, listen(found)) == ("redis", made["listen"])
    api.delete("/proxies/redis")
    assert relay.routes == []


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "[::1]:0", "10.1.2.3:80", "example.org:80", "127.0.0.2:0"])
def test_an_address_that_others_could_reach_is_refused(
    api: ToxiproxyClient, relay: RelayProcess, upstream: Upstream, address: str
) -> None:
    body = {"name": "x", "listen": address, "upstream": upstream.address}
    error = f"listen tcp {address}: bind: links listen on 127.0.0.1 only: say so, or localhost, or no host"
    assert api.ask("POST", "/proxies", body).error == (500, error)
    api.proxy("y", upstream.address)
    assert api.ask("PATCH", "/proxies/y", {"listen": address}).error == (500, error)
    assert [each.name for each in relay.routes] == ["y"]


@pytest.mark.parametrize("address", ["", ":0", "localhost:0"])
def test_no_address_is_the_loopback(api: ToxiproxyClient, upstream: Upstream, address: str) -> None:
    assert api.proxy("x", upstream.address, address)["listen"].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    "upstream_address", ["nobody.invalid:80", "no port", "127.0.0.1:http", "127.0.0.1:99999", "[::1]:1", "a\0b:1"]
)
def test_an_upstream_that_is_no_address_ends_the_connection(api: ToxiproxyClient, upstream_address: str) -> None:
    """As Toxiproxy does: it is accepted as a proxy, and nobody gets through."""
    made = api.proxy("x", upstream_address)
    assert made["upstream"] == upstream_address
    assert hung_up_on(made["listen"])


def test_a_name_is_an_upstream(api: ToxiproxyClient, upstream: Upstream) -> None:
    made = api.proxy("x", upstream.address.replace("127.0.0.1", "localhost"))
    assert made["upstream"].startswith("localhost:")
    with dial(made["listen"]) as connection:
        connection.sendall(b"ping")
        assert exactly(connection, 4) == b"ping"
