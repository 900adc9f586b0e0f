"""The bytes of proxies, counted. Toxiproxy counts those of a connection at its end; links count them as they come."""

from __future__ import annotations

from typing import Any

from support.toxiproxy_client import ToxiproxyClient
from support.upstreams import Upstream, dial, exactly, talker
from support.waiting import eventually

from metricrig.metrics import Page, read
from metricrig.relay.relay_process import RelayProcess
from metricrig.relay.toxiproxy.metrics_page import page
from metricrig.relay.toxiproxy.proxy import Proxy


def counted(api: ToxiproxyClient, proxy: dict[str, Any]) -> dict[tuple[str, str], float]:
    """The bytes of each direction, received and sent; the labels say whose they are."""
    found = read(f"{api.url}/metrics")
    labels = {"proxy": proxy["name"], "listener": proxy["listen"], "upstream": proxy["upstream"]}
    return {
        (direction, what): sample.value
        for direction in ("upstream", "downstream")
        for what in ("received", "sent")
        for sample in found.samples(f"toxiproxy_proxy_{what}_bytes_total", direction=direction, **labels)
    }


def test_the_bytes_of_a_proxy_are_counted(toxiproxy_api: ToxiproxyClient) -> None:
    with Upstream(talker(b"x" * 1000)) as server:
        proxy = toxiproxy_api.proxy("counted", server.address)
        with dial(proxy["listen"]) as connection:
            assert exactly(connection, 1000) == b"x" * 1000
            connection.sendall(b"bye")
        expected = {
            ("upstream", "received"): 3,
            ("upstream", "sent"): 3,
            ("downstream", "received"): 1000,
            ("downstream", "sent"): 1000,
        }
        assert eventually(lambda: counted(toxiproxy_api, proxy) == expected or None)


def test_what_waits_has_come_and_has_not_been_sent(relay: RelayProcess, upstream: Upstream) -> None:
    api = ToxiproxyClient(relay.toxiproxy_url)
    proxy = api.proxy("late", upstream.address)
    api.toxic("late", "latency", latency=3_600_000)
    with dial(proxy["listen"]) as connection:
        connection.sendall(b"ping")
        assert eventually(lambda: counted(api, proxy)["downstream", "received"] == 4)
        assert counted(api, proxy)["downstream", "sent"] == 0


def test_a_page_is_sound_whatever_the_names() -> None:
    odd = 'a"b\\c\nd'
    counts = {"up": 1, "down": 2, "came_up": 3, "came_down": 4}
    text = page([Proxy(odd, "127.0.0.1:1", "x:2"), Proxy("unrouted", "", "y:3")], {odd: counts})
    found = Page(text.encode())
    assert len(found) == 4
    assert found.value("toxiproxy_proxy_received_bytes_total", proxy=odd, direction="upstream") == 3
    assert found.value("toxiproxy_proxy_sent_bytes_total", proxy=odd, direction="downstream") == 2
