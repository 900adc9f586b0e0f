"""The links of one rig: routes of a relay that is started with the first of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig._core.events import ServiceMoved
from metricrig.faults.links.datagram_link import DatagramLink
from metricrig.faults.links.link import Link
from metricrig.faults.links.link_addresses import FreeAddresses, LinkAddresses
from metricrig.relay.relay_process import RelayProcess
from metricrig.service_fields import check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from metricrig._core.events import Event
    from metricrig.janitor.client import Janitor
    from metricrig.lifecycle.active_faults import ActiveFaults
    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.relay.route import Route


class Links:
    """By their names, in the order in which they were made."""

    def __init__(self, janitor: Janitor, directory: Path, active: ActiveFaults) -> None:
        self._janitor, self._directory, self._active = janitor, directory, active
        self._links: dict[str, Any] = {}
        self._targets: dict[str, tuple[InstanceState, str]] = {}
        self._lock = threading.RLock()
        self._relay: RelayProcess | None = None
        self._api = ""
        self._unsubscribe = active.stream.subscribe(self._follow)

    @property
    def relay(self) -> RelayProcess:
        """The process that all of them run in."""
        with self._lock:
            if self._relay is None:
                self._relay = RelayProcess(self._janitor, rig=self._active.rig, directory=self._directory)
            return self._relay

    @property
    def api(self) -> str:
        """Where they speak Toxiproxy's HTTP API, for suites in other languages.

        Each link is a proxy there, by its name; and a proxy that is made there is one of these links.
        """
        with self._lock:
            if not self._api:
                self._api = self.relay.toxiproxy_url
            return self._api

    def add(
        self,
        state: InstanceState,
        port: str | None,
        name: str | None,
        *,
        udp: bool,
        own_url: Callable[[str], str] = str,
    ) -> Any:
        """A new ``Link`` to a port of a service, the first unless one is named; for UDP a ``DatagramLink``."""
        with self._lock:
            chosen = _port_of(state, port)
            name = self._named(state, chosen, name)
            outside, inside = state.runtime.link_hosts()
            route = self.relay.open(
                name,
                (state.site.outside.host, state.site.outside.ports[chosen]),
                listen=[(host, 0) for host in dict.fromkeys((outside, inside))],
                kind="udp" if udp else "tcp",
            )
            addresses = LinkAddresses(state, chosen, route.listen[0], route.listen[-1], own_url)
            kind = DatagramLink if udp else Link
            self._links[name], self._targets[name] = kind(name, route, addresses, self._active), (state, chosen)
            return self._links[name]

    def close(self) -> None:
        """End the relay, and all that goes through it."""
        self._unsubscribe()
        with self._lock:
            if self._relay is not None:
                self._relay.close()

    def __getitem__(self, name: str) -> Any:
        links = self._all()
        try:
            return links[name]
        except (KeyError, TypeError):
            raise UsageError(f"no link is called {name!r}; there is: {', '.join(links) or 'none'}") from None

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all().values())

    def __len__(self) -> int:
        return len(self._all())

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def _all(self) -> dict[str, Any]:
        """Those of the rig, and those that others have made by the API."""
        with self._lock:
            routes = [each for each in self.relay.routes if each.name not in self._links] if self._api else []
            return {**self._links, **{each.name: self._free(each) for each in routes}}

    def _free(self, route: Route) -> Link:
        """A link to anywhere: of what it speaks no more is known than the address."""
        return Link(route.name, route, FreeAddresses("", route.listen[0]), self._active)

    def _named(self, state: InstanceState, port: str, name: str | None) -> str:
        """A name that no other link has."""
        if name is not None:
            check_name("a link's name", name)
            if name in self._links:
                raise UsageError(f"this rig has a link {name!r} already; each needs a name of its own: name={name}-2")
            return name
        first = next(iter(state.site.outside.ports))
        stem = f"{state.name}-link" if port == first else f"{state.name}-{port}-link"
        numbered = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(self._links) + 2))
        return next(each for each in numbered if each not in self._links)

    def _follow(self, event: Event) -> None:
        """A service that gets another port takes its links along."""
        if isinstance(event, ServiceMoved):
            for name, (state, port) in self._targets.items():
                if state.name == event.service and port == event.port:
                    self._links[name].route.aim((state.site.outside.host, event.new))


def _port_of(state: InstanceState, port: str | None) -> str:
    ports = state.site.outside.ports
    if port is None:
        if not ports:
            raise UsageError(f"{state.name} has no ports, so no link leads to it")
        return next(iter(ports))
    _ = ports[port]  # refused with the names that there are
    return port
