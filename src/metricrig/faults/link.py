"""A link: a route of its own to a port of a service, and what can be done to those who go that way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from metricrig.faults.link_bytes import Corrupted, SplitUp
from metricrig.faults.link_ends import LimitedBytes, ResetLater
from metricrig.faults.link_refusals import Cut, Refused
from metricrig.faults.link_silences import HalfOpen, Stalled
from metricrig.faults.link_slowness import Slowed

if TYPE_CHECKING:
    from metricrig.faults.link_fault import Direction
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


class Link:
    """``link.url`` is for the test, ``link.inside.url`` for a service that is to reach its target this way.

    Each method below makes a fault, which is in force within its ``with`` block, or from its ``start()`` to its
    ``heal()``. Several may be at once. ``direction`` is "up" (towards the target), "down" (back) or "both"; ``share``
    is the share of the connections that a fault concerns, and ``seed`` decides which those are.
    """

    def __init__(self, name: str, route: Route, where: Where, active: ActiveFaults) -> None:
        self.name = name
        self.route = route
        self._where = where
        self._active = active

    # --- where it is

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

    # --- what can be done to it

    def cut(self, *, share: float = 1.0, seed: int = 0) -> Cut:
        """Reset what is open and refuse what is new. Of a share, what is new is accepted, and reset at once."""
        return Cut(self, self._active, share=share, seed=seed)

    def refuse(self, *, share: float = 1.0, seed: int = 0) -> Refused:
        """Refuse new connections, and leave those alone that are open."""
        return Refused(self, self._active, share=share, seed=seed)

    def stall(self, *, direction: Direction = "both", share: float = 1.0, seed: int = 0) -> Stalled:
        """Let nothing pass, and lose nothing: connections stay open, new ones wait, and afterwards all arrives."""
        return Stalled(self, self._active, direction=direction, share=share, seed=seed)

    def half_open(self, *, direction: Direction = "down", share: float = 1.0, seed: int = 0) -> HalfOpen:
        """Have one direction vanish, as if its receiver had. What has lost something is reset afterwards."""
        return HalfOpen(self, self._active, direction=direction, share=share, seed=seed)

    def slow(
        self,
        *,
        latency: float = 0.0,
        jitter: float = 0.0,
        rate: float | None = None,
        slow_close: float = 0.0,
        direction: Direction = "both",
        share: float = 1.0,
        seed: int = 0,
    ) -> Slowed:
        """Have everything take ``latency`` seconds more in each direction, give or take ``jitter``.

        At most ``rate`` bytes a second pass, and the end of a connection comes ``slow_close`` seconds later.
        """
        return Slowed(
            self,
            self._active,
            latency=latency,
            jitter=jitter,
            rate=rate,
            slow_close=slow_close,
            direction=direction,
            share=share,
            seed=seed,
        )

    def limit(self, *, bytes: int, direction: Direction = "both", share: float = 1.0, seed: int = 0) -> LimitedBytes:  # noqa: A002 - as people say it
        """Close a connection when so many more bytes have passed in a direction."""
        return LimitedBytes(self, self._active, limit=bytes, direction=direction, share=share, seed=seed)

    def reset_after(
        self,
        *,
        bytes: int | None = None,  # noqa: A002 - as people say it
        seconds: float | None = None,
        direction: Direction = "both",
        share: float = 1.0,
        seed: int = 0,
    ) -> ResetLater:
        """Reset a connection when so many more bytes have passed in a direction, or after so many seconds."""
        return ResetLater(
            self, self._active, after_bytes=bytes, after_seconds=seconds, direction=direction, share=share, seed=seed
        )

    def split(self, *, bytes: int, direction: Direction = "both", share: float = 1.0, seed: int = 0) -> SplitUp:  # noqa: A002 - as people say it
        """Have everything arrive in segments of at most so many bytes."""
        return SplitUp(self, self._active, size=bytes, direction=direction, share=share, seed=seed)

    def corrupt(
        self, *, one_in: int = 1000, direction: Direction = "both", share: float = 1.0, seed: int = 0
    ) -> Corrupted:
        """Make one byte in each ``one_in`` another one; the seed decides which, and what becomes of it."""
        return Corrupted(self, self._active, one_in=one_in, direction=direction, share=share, seed=seed)

    def __repr__(self) -> str:
        to = f" to {self.leads_to}" if self.leads_to else ""
        return f"<Link {self.name}{to} {self.address()}>"
