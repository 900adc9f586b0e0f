"""Links to servers that no rig runs; those of a rig are made by ``rig.link``."""

from __future__ import annotations

from metricrig.faults.links.datagram_link import DatagramLink
from metricrig.faults.links.free_link import FreeLink, link_to
from metricrig.faults.links.link import Link

__all__ = ["DatagramLink", "FreeLink", "Link", "link_to"]
