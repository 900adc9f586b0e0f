"""Where a link is: its addresses have the form of its service's own, with the link's host and port."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from metricrig.placement import Addresses, Ports
from metricrig.runtimes import viewed

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.relay.route import Address


class LinkAddresses:
    """To one port of a service, as the test and as other services of the rig reach it."""

    def __init__(
        self, state: InstanceState, port: str, outside: Address, inside: Address, own_url: Callable[[str], str] = str
    ) -> None:
        self._state = state
        self._port = port
        self._outside, self._inside = outside, inside
        self._own_url = own_url
        """What makes a URL of the service one of a part of it, such as a database."""

    @property
    def state(self) -> InstanceState:
        """Of that service."""
        return self._state

    @property
    def outside(self) -> Addresses:
        """For the test."""
        return self._seen(self._outside)

    @property
    def inside(self) -> Addresses:
        """For other services of the rig."""
        return self._seen(self._inside)

    def _seen(self, address: Address) -> Addresses:
        whole = self._of_service(address)
        return replace(whole, url=self._own_url(whole.url))

    def _of_service(self, address: Address) -> Addresses:
        host, number = address
        plain = Addresses(host, Ports({self._port: number}), "")
        if self._state.attached:
            return Addresses(host, plain.ports, with_address(self._state.site.outside.url, address))
        return viewed(self._state.site.at, plain, self._state.service.url)


class FreeAddresses:
    """To any address: there is no rig, and one that asks."""

    state: InstanceState | None = None

    def __init__(self, url: str, address: Address) -> None:
        host, number = address
        self.outside = self.inside = Addresses(host, Ports({"link": number}), with_address(url, address))


def with_address(url: str, address: Address) -> str:
    """A URL that leads elsewhere, everything else in it as it was; of a mere address, the other one."""
    if "//" not in url:
        return f"{address[0]}:{address[1]}"
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}{at}{address[0]}:{address[1]}"))
