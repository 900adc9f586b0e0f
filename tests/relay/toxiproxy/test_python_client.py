"""A client that others have written, with all the calls that it has: on the real Toxiproxy, and on a rig's links."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.toxiproxy_client import ToxiproxyClient
from support.upstreams import Upstream, dial, exactly, until_end

toxiproxy = pytest.importorskip("toxiproxy", reason="pip install toxiproxy-python")


@pytest.fixture
def server(toxiproxy_api: ToxiproxyClient) -> Any:
    host, port = str(urlsplit(toxiproxy_api.url).netloc).split(":")
    made = toxiproxy.Toxiproxy()
    made.update_api_consumer(host, int(port))
    return made


def test_it_finds_the_server(server: Any) -> None:
    assert server.running()
    assert json.loads(server.version())["version"].startswith("2.")
    assert server.proxies() == {}


def test_it_makes_finds_and_destroys_proxies(server: Any, upstream: Upstream) -> None:
    made = server.create(upstream=upstream.address, name="redis")
    assert (made.name, made.upstream, made.enabled) == ("redis", upstream.address, True)
    with pytest.raises(toxiproxy.server.ProxyExists):
        server.create(upstream=upstream.address, name="redis")
    assert list(server.proxies()) == ["redis"]
    assert server.get_proxy("redis").listen == made.listen
    assert server.get_proxy("other") is None
    assert server.destroy(made)
    assert server.proxies() == {}
    with pytest.raises(toxiproxy.api.NotFound):
        made.destroy()


def test_it_populates_and_destroys_all(server: Any, upstream: Upstream) -> None:
    wanted = [{"name": name, "listen": "127.0.0.1:0", "upstream": upstream.address} for name in ("one", "two")]
    assert [each.name for each in server.populate(wanted)] == ["one", "two"]
    server.destroy_all()
    assert server.proxies() == {}


def test_it_takes_a_proxy_down(server: Any, upstream: Upstream) -> None:
    made = server.create(upstream=upstream.address, name="redis")
    with made.down(), pytest.raises(ConnectionRefusedError):
        dial(made.listen)
    with dial(made.listen) as connection:
        connection.sendall(b"ping")
        assert exactly(connection, 4) == b"ping"


def test_it_adds_shows_and_destroys_toxics(server: Any, upstream: Upstream) -> None:
    made = server.create(upstream=upstream.address, name="redis")
    made.add_toxic(type="limit_data", attributes={"bytes": 2})
    made.add_toxic(name="slow", type="latency", stream="upstream", toxicity=0.5, attributes={"latency": 1})
    assert list(made.toxics()) == ["slow", "limit_data_downstream"]
    shown = made.get_toxic("slow")
    assert (shown.type, shown.stream, shown.toxicity) == ("latency", "upstream", 0.5)
    assert shown.attributes == {"latency": 1, "jitter": 0}
    with dial(made.listen) as connection:
        connection.sendall(b"ping")
        assert until_end(connection) == b"pi"
    assert made.destroy_toxic("limit_data_downstream")
    assert made.get_toxic("limit_data_downstream") is None
    with pytest.raises(toxiproxy.api.InvalidToxic):
        made.add_toxic(type="gremlin")
    with pytest.raises(toxiproxy.api.ProxyExists):
        made.add_toxic(name="slow", type="latency")


def test_it_resets(server: Any, upstream: Upstream) -> None:
    made = server.create(upstream=upstream.address, name="redis", enabled=False)
    made.add_toxic(type="timeout")
    assert server.reset()
    assert made.toxics() == {}
    assert server.get_proxy("redis").enabled
