"""What was obtained before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig.tools.cache import damaged, entries, shelf
from metricrig.tools.requests import CannotDeliver

if TYPE_CHECKING:
    from metricrig.tools.requests import Request
    from metricrig.tools.tool import Executable


@dataclass(frozen=True, slots=True)
class Cached:
    """The preferred version if it is there, else the newest that satisfies."""

    name: str = "cache"
    downloads: bool = False

    def plan(self, request: Request) -> str:
        """Name the entry that would be used."""
        found = self.deliver(request)
        return f"{found.path} is {found.version} (from {found.source})"

    def deliver(self, request: Request) -> Executable:
        """Choose among the entries."""
        kept = entries(request.tool.name)
        fitting = [each for each in kept if request.satisfied_by(each.version)]
        preferred = [each for each in fitting if each.version == request.tool.preferred]
        for executable in (*preferred, *fitting):
            return executable
        raise CannotDeliver(_why(request, kept))


def _why(request: Request, kept: list[Executable]) -> str:
    place = shelf(request.tool.name)
    broken = "".join(f"; not used: {why}" for why in damaged(request.tool.name))
    if not kept:
        return f"nothing in {place} yet{broken}"
    versions = ", ".join(dict.fromkeys(each.version or "unknown" for each in kept))
    return f"{place} has {versions}, wanted {request.wanted}{broken}"
