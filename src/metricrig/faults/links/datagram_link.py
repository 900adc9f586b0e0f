"""A link for datagrams: a route to a port of UDP, on which some are lost, late, doubled or overtaken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.faults.links.datagram_faults import Delayed, Dropped, Duplicated, Reordered
from metricrig.faults.links.link_way import LinkWay

if TYPE_CHECKING:
    from metricrig.faults.links.link_fault import Direction


class DatagramLink(LinkWay):
    """``link.address()`` is for the test, ``link.inside.address()`` for a service that sends its datagrams this way.

    ``share`` is the share of the datagrams that a fault concerns: which, ``seed`` decides, and the count of a datagram
    among those of its sender. ``direction`` is "up" (towards the target), "down" (the answers) or "both".
    """

    def drop(self, *, share: float = 1.0, direction: Direction = "both", seed: int = 0) -> Dropped:
        """Lose a share of them, or all."""
        return Dropped(self, self._active, direction=direction, share=share, seed=seed)

    def delay(
        self,
        *,
        latency: float = 0.0,
        jitter: float = 0.0,
        share: float = 1.0,
        direction: Direction = "both",
        seed: int = 0,
    ) -> Delayed:
        """Have them arrive ``latency`` seconds later, give or take ``jitter``: who is later may be first."""
        return Delayed(self, self._active, latency=latency, jitter=jitter, direction=direction, share=share, seed=seed)

    def duplicate(self, *, share: float = 1.0, direction: Direction = "both", seed: int = 0) -> Duplicated:
        """Have a share of them arrive twice."""
        return Duplicated(self, self._active, direction=direction, share=share, seed=seed)

    def reorder(
        self, *, share: float = 0.2, direction: Direction = "both", seed: int = 0, at_most: float = 0.2
    ) -> Reordered:
        """Have a share of them overtaken by the next one; where none follows, they come after ``at_most`` seconds."""
        return Reordered(self, self._active, direction=direction, share=share, seed=seed, at_most=at_most)
