"""A request for a tool, perhaps with a version or a path, and the decisions about versions."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.tools.lockfile import entry_for
from metricrig.tools.version_numbers import is_full, normalised, platform
from metricrig.tools.version_specifier import as_specifier, is_plain, parsed

if TYPE_CHECKING:
    from metricrig.tools.lockfile import Locked
    from metricrig.tools.tool import Tool


class CannotDeliver(Exception):
    """A source's reason for not delivering, in one sentence."""


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """``version`` is as it was stated, empty if it was not; ``path`` likewise, with who stated it."""

    tool: Tool
    version: str = ""
    path: str = ""
    path_stated_by: str = ""
    locked: Locked | None = None
    """What the project's lock says; then nothing else will do."""
    afresh: bool = False
    """Whether to forget what the same request was answered with before."""

    @property
    def wanted(self) -> str:
        """For messages: what would satisfy."""
        if self.locked is not None:
            return f"{self.locked.version} from {self.locked.source}, as {self.locked.said_by} says"
        return self.version or self.tool.supported or "any version"

    @property
    def specifier(self) -> str:
        """The constraint in packaging's notation."""
        if self.locked is not None:
            return f"=={self.locked.version}"
        return as_specifier(self.version) if self.version else self.tool.supported

    @property
    def exact(self) -> str:
        """The version, if one was stated plainly rather than as a range."""
        if self.locked is not None:
            return self.locked.version
        return normalised(self.version) if is_plain(self.version) else ""

    def satisfied_by(self, version: str) -> bool:
        """Whether a program of this version will do; one that does not say its version does where any will."""
        if self.locked is not None:
            return version == self.locked.version
        if not self.specifier:
            return True
        return bool(version) and parsed(self.specifier).contains(version, prereleases=True)

    def unlocked(self, *, afresh: bool) -> ToolRequest:
        """The same without the lock, and perhaps without what it was answered with before."""
        return replace(self, locked=None, afresh=afresh)


def request_for(tool: Tool, version: str | None, path: str | None, *, lock: bool = True) -> ToolRequest:
    """What the call states counts first, then the environment, then the catalogue; and the project's lock."""
    stated = (version or os.environ.get(tool.variable("VERSION")) or "").strip()
    where, by = _path_and_who(tool, path)
    request = ToolRequest(tool, stated, where, by)
    _require_meaning(request, stated)
    # A stated path counts before the lock: whoever states it means it.
    return replace(request, locked=entry_for(tool.name, stated, platform())) if lock and not where else request


def _require_meaning(request: ToolRequest, stated: str) -> None:
    tool = request.tool
    try:
        if request.specifier:
            parsed(request.specifier)
    except ValueError:
        raise UsageError(
            f"{tool.name}: {stated or tool.supported!r} is no version request\n"
            '  what works: an exact version "1.128.0", or a specifier ">=1.88,<2", "~=2.42"',
        ) from None


def target(request: ToolRequest) -> str:
    """The one version to fetch, for sources that must name it."""
    tool = request.tool
    if is_full(request.exact):
        return request.exact
    for candidate in (tool.preferred, *_named(request)):
        if candidate and request.satisfied_by(candidate):
            return candidate
    example = f', such as "{tool.preferred}"' if tool.preferred else ""
    raise CannotDeliver(f"{request.wanted!r} does not say which release to fetch: name an exact version{example}")


def check(request: ToolRequest, version: str, what: str) -> None:
    """Raise unless a program of this version satisfies; ``what`` names it for the message."""
    if request.satisfied_by(version):
        return
    if not version:
        raise CannotDeliver(f"{what} does not say its version, and {request.wanted} is wanted")
    raise CannotDeliver(f"{what} is {version}, wanted {request.wanted}")


def _path_and_who(tool: Tool, path: str | None) -> tuple[str, str]:
    if path:
        return path, "the argument path"
    return os.environ.get(tool.variable("PATH"), ""), tool.variable("PATH")


def _named(request: ToolRequest) -> list[str]:
    """Versions that the specifier itself names as a lower bound or exactly, the newest first."""
    from packaging.version import Version  # noqa: PLC0415 - 4 ms, and only sources that download get here

    lower = {"==", ">=", "~="}
    found = [each.version for each in parsed(request.specifier) if each.operator in lower]
    return sorted((each for each in found if is_full(each) and "*" not in each), key=Version, reverse=True)
