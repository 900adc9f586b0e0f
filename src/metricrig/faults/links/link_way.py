"""The way that a link is: its name, its route and its addresses, known before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from metricrig.lifecycle.active_faults import ActiveFaults
    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.placement import Addresses, Ports
    from metricrig.relay.route import Route, RouteCounts


class Where(Protocol):
    """The addresses of a link."""

    @property
    def state(self) -> InstanceState | None:
        """Of the service that it leads to; None if it is none of a rig."""

    @property
    def outside(self) -> Addresses:
        """For the test."""

    @property
    def inside(self) -> Addresses:
        """For other services."""


class LinkWay:
    """The part of a link that says where it is and what has gone through it."""

    def __init__(self, name: str, route: Route, where: Where, active: ActiveFaults) -> None:
        self.name = name
        self.route = route
        self._where = where
        self._active = active

    @property
    def leads_to(self) -> str:
        """The name of the service that it leads to: who needs the link needs that. Empty if it is none of a rig."""
        return "" if self._where.state is None else self._where.state.name

    @property
    def state_behind(self) -> InstanceState | None:
        """What is known inside of that service."""
        return self._where.state

    @property
    def outside(self) -> Addresses:
        """How the test reaches it."""
        return self._where.outside

    @property
    def inside(self) -> Addresses:
        """How services of the rig reach it."""
        return self._where.inside

    @property
    def url(self) -> str:
        """Like its service's own, through the link."""
        return self.outside.url

    @property
    def host(self) -> str:
        """Where it listens, for the test."""
        return self.outside.host

    @property
    def port(self) -> int:
        """Its port, for the test."""
        return self.outside.port

    @property
    def ports(self) -> Ports:
        """Its one port, under the name that it has at the service."""
        return self.outside.ports

    def address(self, port: str | None = None) -> str:
        """``host:port``, for the test."""
        return self.outside.address(port)

    @property
    def counts(self) -> RouteCounts:
        """How many connections and bytes have gone through it."""
        return self.route.counts

    def __repr__(self) -> str:
        to = f" to {self.leads_to}" if self.leads_to else ""
        return f"<{type(self).__name__} {self.name}{to} {self.address()}>"
