"""The API's page of metrics: the bytes of each proxy, under the names that Toxiproxy gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig.relay.policy import DOWN, UP
from metricrig.relay.toxiproxy.toxic import DOWNSTREAM, UPSTREAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from metricrig.relay.toxiproxy.proxy import Proxy

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_DIRECTIONS = ((UPSTREAM, UP), (DOWNSTREAM, DOWN))
_FAMILIES = (
    ("toxiproxy_proxy_received_bytes_total", "Bytes that came to a proxy.", "came_{}"),
    ("toxiproxy_proxy_sent_bytes_total", "Bytes that a proxy has passed on.", "{}"),
)


def page(proxies: Iterable[Proxy], routes: Mapping[str, Mapping[str, Any]]) -> str:
    """Of all proxies that have a route."""
    routed = [each for each in proxies if each.name in routes]
    return "".join(line for family in _FAMILIES for line in _lines(routed, routes, *family))


def _lines(
    proxies: list[Proxy], routes: Mapping[str, Mapping[str, Any]], name: str, what: str, count: str
) -> Iterator[str]:
    yield f"# HELP {name} {what}\n# TYPE {name} counter\n"
    for proxy in proxies:
        for direction, place in _DIRECTIONS:
            told = {"direction": direction, "listener": proxy.listen, "proxy": proxy.name, "upstream": proxy.upstream}
            labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in told.items())
            yield f"{name}{{{labels}}} {routes[proxy.name][count.format(place)]}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
