"""The lookup of a tool: the executable that a rig would get now, and what each source says. Nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.services.known_tools import look_up
from metricrig.tools import survey
from metricrig.tools.acquisition import order
from metricrig.tools.lockfile import entry_for
from metricrig.tools.source_settings import settings
from metricrig.tools.sources import sources
from metricrig.tools.tool_request import CannotDeliver, request_for
from metricrig.tools.version_numbers import platform

if TYPE_CHECKING:
    from metricrig.tools import Executable, Prospect, Tool
    from metricrig.tools.source_settings import SourceSettings
    from metricrig.tools.sources import Source
    from metricrig.tools.tool_request import ToolRequest


@dataclass(frozen=True, slots=True)
class Finding:
    """One tool on this machine. ``trouble`` is a setting that is wrong in itself: no source is asked then."""

    tool: Tool
    version: str | None
    executable: Executable | None
    prospects: tuple[Prospect, ...] = ()
    trouble: str = ""

    @property
    def fetched_by(self) -> Prospect | None:
        """Who would fetch it, if it is not here."""
        return None if self.executable else next((each for each in self.prospects if each.able), None)

    @property
    def origin(self) -> str:
        """Where it comes from: "path", "explicit", "cache (wheel)"; or who would fetch it."""
        if self.executable is None:
            return self.fetched_by.source if self.fetched_by else "-"
        source = self.executable.source
        return source if source in {"path", "explicit"} else f"cache ({source})"

    @property
    def why(self) -> str:
        """Why it is this one that a rig gets."""
        if self.executable is None:
            return ""
        locked = entry_for(self.tool.name, self.version or "", platform())
        if locked is not None and self.executable.source != "explicit":
            return f"as {locked.said_by} says"
        whys = {"explicit": f"stated by {self.tool.variable('PATH')}", "path": "the first on PATH that will do"}
        return whys.get(self.executable.source, "the first answer to this request on this machine, which stays")

    @property
    def available(self) -> bool:
        """Whether it is here, or some source believes that it can fetch it."""
        return not self.trouble and (self.executable is not None or self.fetched_by is not None)

    @property
    def said(self) -> str:
        """Why it is not here, source by source."""
        width = max((len(each.source) for each in self.prospects), default=0)
        reasons = "".join(f"\n    {each.source:<{width}}  {each.says}" for each in self.prospects)
        words = f"{self.tool.name}@{self.version}" if self.version else self.tool.name
        offer = f"\n  what to do: metricrig tools install {words}" if self.fetched_by else ""
        return f"metricrig: {self.trouble}" if self.trouble else f"{words} is not here:{reasons}{offer}"


def look(tool: Tool, version: str | None = None, *, every_source: bool = False) -> Finding:
    """Find it; the sources that download are only asked if it is not here, or if all are wanted (apt is slow)."""
    check_settings(tool, version)
    try:
        executable = here(tool, version)
    except UsageError as error:
        return Finding(tool, version, None, tuple(_in_order(survey(tool, version))) if every_source else (), str(error))
    prospects = _in_order(survey(tool, version)) if every_source or executable is None else []
    return Finding(tool, version, executable, tuple(prospects))


def here(tool: Tool, version: str | None = None) -> Executable | None:
    """What ``obtain`` would return without downloading; None if it is not here, or if it would download first."""
    request, chosen = request_for(tool, version, None), settings()
    for source in sources(order(request, chosen)):
        if source.downloads:
            if _able(source, request, chosen):
                return None
            continue
        try:
            return source.deliver(request)
        except CannotDeliver:
            continue
    return None


def check_settings(tool: Tool, version: str | None = None) -> None:
    """Raise what is wrong with the request or the environment, before anything is found or not."""
    request_for(tool, version, None)
    settings()


def named(words: tuple[str, ...]) -> list[tuple[Tool, str | None]]:
    """``NAME`` and ``NAME@VERSION``, looked up in the catalogue."""
    pairs = [word.partition("@") for word in words]
    return [(look_up(name), version or None) for name, _, version in pairs]


def _able(source: Source, request: ToolRequest, chosen: SourceSettings) -> bool:
    if chosen.offline:
        return False
    try:
        source.plan(request)
    except CannotDeliver:
        return False
    return True


def _in_order(prospects: list[Prospect]) -> list[Prospect]:
    """As they are asked: METRICRIG_SOURCES may say another order."""
    order = settings().sources
    return sorted(prospects, key=lambda each: order.index(each.source) if each.source in order else len(order))
