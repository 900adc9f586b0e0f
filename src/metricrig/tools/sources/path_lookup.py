"""PATH as a source: what the user or the system has installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig.tools.executable_search import executables_in, installed, search_path, with_companions
from metricrig.tools.program_version import version_of
from metricrig.tools.tool import Executable
from metricrig.tools.tool_request import CannotDeliver, check

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.tools.tool_request import ToolRequest


@dataclass(frozen=True, slots=True)
class OnPath:
    """The directories of ``PATH``, then the places where systems hide this tool."""

    name: str = "path"
    downloads: bool = False

    def plan(self, request: ToolRequest) -> str:
        """Name the program that would be used."""
        found = self.deliver(request)
        return f"{found.path} is {found.version or 'of unknown version'}"

    def deliver(self, request: ToolRequest) -> Executable:
        """Take the first one that satisfies."""
        whys: list[str] = []
        for directory in search_path(request.tool):
            for candidate in executables_in(directory.absolute(), request.tool):
                try:
                    return self._judged(request, candidate)
                except CannotDeliver as why:
                    whys.append(str(why))
        names = " or ".join(request.tool.executables)
        places = "".join(f" or {place}" for place in request.tool.places)
        raise CannotDeliver("; ".join(dict.fromkeys(whys)) or f"no {names} in PATH{places}")

    def _judged(self, request: ToolRequest, candidate: Path) -> Executable:
        found = with_companions(request.tool, candidate)
        if found is None:
            missing = ", ".join(installed(candidate).missing(request.tool))
            raise CannotDeliver(f"{candidate} has no {missing} beside it")
        version = version_of(request.tool, found.path)
        check(request, version, str(found.path))
        return Executable(request.tool.name, found.path, version, self.name, directories=found.directories)
