"""A path that the user has stated, as a source. If it is wrong that is an error: nothing else is tried in its place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from metricrig._core.errors import UsageError
from metricrig.tools.executable_search import executables_in, installed, with_companions
from metricrig.tools.program_version import version_of
from metricrig.tools.tool import Executable
from metricrig.tools.tool_request import CannotDeliver

if TYPE_CHECKING:
    from metricrig.tools.executable_search import Found
    from metricrig.tools.tool_request import ToolRequest


@dataclass(frozen=True, slots=True)
class Explicit:
    """The argument ``path`` or ``METRICRIG_<TOOL>_PATH``: an executable, or the directory that it lies in."""

    name: str = "explicit"
    downloads: bool = False

    def plan(self, request: ToolRequest) -> str:
        """Name what the stated path is."""
        found = self.deliver(request)
        return f"{found.path} is {found.version or 'of unknown version'}"

    def deliver(self, request: ToolRequest) -> Executable:
        """Take the stated path, or raise ``UsageError`` with what is wrong with it."""
        if not request.path:
            raise CannotDeliver(f"no path was stated ({request.tool.variable('PATH')} is not set)")
        found = _companioned(request, _located(request))
        version = _version(request, found.path)
        return Executable(request.tool.name, found.path, version, self.name, directories=found.directories)


def _located(request: ToolRequest) -> Path:
    path = Path(request.path).expanduser().absolute()
    if path.is_dir():
        inside = next(executables_in(path, request.tool), None)
        if inside is None:
            _wrong(request, f"a directory without an executable {' or '.join(request.tool.executables)}")
        return inside
    if not path.exists():
        _wrong(request, "not there")
    if not os.access(path, os.X_OK):
        _wrong(request, f"not executable (chmod +x {path} makes it so)")
    return path


def _companioned(request: ToolRequest, executable: Path) -> Found:
    complete = with_companions(request.tool, executable)
    if complete is None:
        _wrong(request, f"without {', '.join(installed(executable).missing(request.tool))} beside it")
    return complete


def _version(request: ToolRequest, executable: Path) -> str:
    version = version_of(request.tool, executable)
    if not version and request.exact:
        return request.exact  # It does not say; whoever states its path and its version is believed.
    if not request.satisfied_by(version):
        stated = f'; if you know it, state it: {request.tool.variable("VERSION")}="1.2.3"'
        _wrong(request, f"{version or 'of unknown version'}, wanted {request.wanted}{'' if version else stated}")
    return version


def _wrong(request: ToolRequest, what: str) -> NoReturn:
    raise UsageError(
        f"{request.tool.name}: {request.path_stated_by} says {request.path!r}, and that is {what}\n"
        "  what to do: correct the path, or leave it out so that metricrig looks elsewhere",
    )
