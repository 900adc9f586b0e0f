"""Faults of connections: what their witnesses are, and what most of them need."""

from __future__ import annotations

from metricrig.faults.links.link_fault import WAYS, LinkFault
from metricrig.faults.links.witness import Witness


class ConnectionFault(LinkFault[Witness]):
    """Something done to the connections of a link."""

    def witness(self, *, concerned: bool = True) -> Witness:
        """A new one, whom this fault concerns; or nothing does."""
        return Witness(self.link.route, self._effect if concerned else None)

    def _connected(self) -> Witness:
        made = self.witness()
        for way in WAYS["both"]:
            made.carry(way, b"?")
        return made


def both_pass(witness: Witness) -> bool:
    """Whether a byte goes through a witness in each direction."""
    return all(witness.carry(way, b"!").data == b"!" for way in WAYS["both"])
