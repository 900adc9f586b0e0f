"""The cache as a source: what was obtained before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig.tools.answers import recall
from metricrig.tools.source_settings import SOURCES, downloading, settings
from metricrig.tools.tool_cache import damaged, entries_for, locked_entry, shelf
from metricrig.tools.tool_request import CannotDeliver
from metricrig.tools.version_numbers import is_full

if TYPE_CHECKING:
    from metricrig.tools.tool import Executable
    from metricrig.tools.tool_request import ToolRequest


@dataclass(frozen=True, slots=True)
class Cached:
    """What the lock says, what the same request was answered with before, or the exact version that is asked for."""

    name: str = "cache"
    downloads: bool = False

    def plan(self, request: ToolRequest) -> str:
        """Name the entry that would be used, and why this one."""
        found, why = _chosen(request)
        return f"{found.path} is {found.version} (from {found.source}): {why}"

    def deliver(self, request: ToolRequest) -> Executable:
        """Choose the entry that this request has a right to, however much else lies there."""
        return _chosen(request)[0]


def _chosen(request: ToolRequest) -> tuple[Executable, str]:
    if request.locked is not None:
        found, why = locked_entry(request), f"{request.locked.said_by} says so"
    else:
        found, why = recall(request, downloading(settings())), "the first answer to this request on this machine"
    if found is None and request.locked is None and is_full(request.exact):
        same = [each for each in entries_for(request) if each.version == request.exact]
        found, why = next(iter(sorted(same, key=_rank)), None), "the version that is asked for"
    if found is None:
        raise CannotDeliver(_why(request, entries_for(request)))
    return found, why


def _rank(executable: Executable) -> int:
    return SOURCES.index(executable.source) if executable.source in SOURCES else len(SOURCES)


def _why(request: ToolRequest, kept: list[Executable]) -> str:
    place = shelf(request.tool.name)
    broken = "".join(f"; not used: {why}" for why in damaged(request.tool.name))
    if not kept:
        return f"nothing in {place} yet{broken}"
    versions = ", ".join(dict.fromkeys(f"{each.version or 'unknown'} from {each.source}" for each in kept))
    return f"{place} has {versions}; none is what {request.wanted} was answered with on this machine{broken}"
