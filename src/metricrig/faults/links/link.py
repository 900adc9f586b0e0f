"""A link: a route of its own to a port of a service, and what can be done to those who go that way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.faults.links.link_bytes import Corrupted, SplitUp
from metricrig.faults.links.link_ends import LimitedBytes, ResetLater
from metricrig.faults.links.link_refusals import Cut, Refused
from metricrig.faults.links.link_silences import HalfOpen, Stalled
from metricrig.faults.links.link_slowness import Slowed
from metricrig.faults.links.link_way import LinkWay

if TYPE_CHECKING:
    from metricrig.faults.links.link_fault import Direction


class Link(LinkWay):
    """``link.url`` is for the test, ``link.inside.url`` for a service that is to reach its target this way.

    Each method below makes a fault, which is in force within its ``with`` block, or from its ``start()`` to its
    ``heal()``. Several may be at once. ``direction`` is "up" (towards the target), "down" (back) or "both"; ``share``
    is the share of the connections that a fault concerns, and ``seed`` decides which those are.
    """

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
