"""Where a relay is more than Toxiproxy: the rig's own links are proxies, and others cannot connect."""

from __future__ import annotations

import json
import socket

import pytest
from support.toxiproxy_client import ToxiproxyClient
from support.upstreams import Upstream, dial, exactly, hung_up_on, until_end

from metricrig.relay.effects import Corruption, Quota, ShutDoor
from metricrig.relay.policy import DOOR, DOWN
from metricrig.relay.relay_process import RelayProcess
from metricrig.relay.route import Route
from metricrig.relay.server.event_loop import EventLoop
from metricrig.relay.toxiproxy.api_listener import ApiListener
from metricrig.relay.toxiproxy.http_messages import Request


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


def test_a_reset_goes_on_where_a_proxy_cannot_be_enabled(api: ToxiproxyClient, upstream: Upstream) -> None:
    """Toxiproxy stops there, and which it has reset before is chance."""
    api.proxy("a", upstream.address, "nonsense", enabled=False)
    for name in ("b", "c"):
        api.proxy(name, upstream.address)
        api.toxic(name, "latency")
    assert api.ask("POST", "/reset").status == 500
    assert [each["toxics"] for each in api.get("/proxies").values()] == [[], [], []]


def test_a_half_closed_connection_is_answered(api: ToxiproxyClient, upstream: Upstream) -> None:
    made = api.proxy("x", upstream.address)
    with dial(made["listen"]) as connection:
        connection.sendall(b"ping")
        connection.shutdown(socket.SHUT_WR)
        assert until_end(connection) == b"ping"


def test_open_connections_are_reset_by_a_new_reset_peer(api: ToxiproxyClient, upstream: Upstream) -> None:
    made = api.proxy("x", upstream.address)
    with dial(made["listen"]) as connection:
        connection.sendall(b"ping")
        assert exactly(connection, 4) == b"ping"
        api.toxic("x", "reset_peer")
        connection.sendall(b"ping")
        with pytest.raises(ConnectionResetError):
            until_end(connection)


def test_the_share_of_a_toxicity_is_the_same_at_every_run(api: ToxiproxyClient, upstream: Upstream) -> None:
    runs = []
    for _ in range(2):
        made = api.proxy("x", upstream.address)
        api.post("/proxies/x/toxics", {"type": "limit_data", "toxicity": 0.5, "attributes": {"bytes": 1}})
        hit = []
        for _ in range(20):
            with dial(made["listen"]) as connection:
                connection.sendall(b"ping")
                hit.append(exactly(connection, 4) == b"p")
        runs.append(hit)
        api.delete("/proxies/x")
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 2


def test_a_defect_of_the_api_does_not_end_the_links() -> None:
    """It is answered with error 500."""
    loop = EventLoop()
    listener = ApiListener(loop, lambda _: {})  # no relay answers so
    answer = listener._answer(Request("GET", "/proxies"))
    assert (answer.status, json.loads(answer.body)["error"]) == (500, "KeyError: 'routes'")
    listener._listener.close()
    loop._epoll.close()
