"""The acquisition of a tool: its sources are asked in order, and each that cannot deliver says why."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import Refusal, ToolUnavailable, Unavailable, UsageError
from metricrig._core.events import SourceRefused, SourceTried, ToolObtained, everything
from metricrig.tools import answers
from metricrig.tools.lockfile import lock_path
from metricrig.tools.source_settings import SOURCES, downloading, settings
from metricrig.tools.sources import sources
from metricrig.tools.tool_request import CannotDeliver, request_for

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.tools.source_settings import SourceSettings
    from metricrig.tools.sources import Source
    from metricrig.tools.tool import Executable, Tool
    from metricrig.tools.tool_request import ToolRequest

_OFFLINE = "METRICRIG_OFFLINE is set, and this source downloads"
_VARIABLES = ("PATH", "METRICRIG_CACHE", "METRICRIG_SOURCES", "METRICRIG_OFFLINE", "METRICRIG_MIRROR", "HOME")

_Key = tuple[object, ...]
_Seen = tuple[int, int, int]
_obtained: dict[_Key, tuple[Executable, _Seen]] = {}


@dataclass(frozen=True, slots=True)
class Prospect:
    """Whether a source could deliver, here and now, and what it would do or why it cannot."""

    source: str
    able: bool
    says: str


def obtain(tool: Tool, version: str | None = None, *, path: str | Path | None = None) -> Executable:
    """An executable of the tool, from the first source that can deliver.

    ``version`` is an exact version ("1.128.0"; "7.0" means any 7.0.x) or a specifier (">=1.88,<2"); without one, any
    that the tool supports will do. Raises ``ToolUnavailable`` with every source's reason, and ``UsageError`` for
    a request or a stated path that is wrong in itself.
    """
    key = _key(tool, version, path)
    known = _obtained.get(key)
    if known is not None and _seen(known[0].path) == known[1]:
        return known[0]
    try:
        executable = asked(request_for(tool, version, None if path is None else str(path)))
    except Unavailable as lacking:
        lacking.sought = tool
        raise
    seen = _seen(executable.path)
    if seen is not None:
        _obtained[key] = executable, seen
    return executable


def survey(tool: Tool, version: str | None = None) -> list[Prospect]:
    """What each source says about the tool, without downloading anything."""
    request, chosen = request_for(tool, version, None), settings()
    return [_prospect(source, request, chosen) for source in sources(SOURCES)]


def asked(request: ToolRequest) -> Executable:
    """Ask the sources, or the one that the project's lock names."""
    chosen, refusals, started = settings(), [], time.monotonic()
    name = request.tool.name
    for source in sources(order(request, chosen)):
        everything.emit(SourceTried(tool=name, source=source.name))
        try:
            executable = _delivered(source, request, chosen)
        except CannotDeliver as why:
            refusals.append(Refusal(source.name, str(why)))
            everything.emit(SourceRefused(tool=name, source=source.name, why=str(why)))
            continue
        if source.downloads and request.locked is None:
            answers.note(request, downloading(chosen), executable)
        everything.emit(
            ToolObtained(
                tool=name,
                source=executable.source,
                version=executable.version,
                path=str(executable.path),
                seconds=time.monotonic() - started,
                fetched=source.downloads,
            ),
        )
        return executable
    raise ToolUnavailable(name, request.wanted, refusals, remedy=_remedy(request, chosen))


def order(request: ToolRequest, chosen: SourceSettings) -> tuple[str, ...]:
    """The names of the sources to ask: the lock's, or those that the settings allow."""
    if request.locked is not None:
        return tuple(dict.fromkeys(("cache", request.locked.source)))
    return tuple(name for name in chosen.sources if not (request.afresh and name == "cache"))


def _delivered(source: Source, request: ToolRequest, chosen: SourceSettings) -> Executable:
    if source.downloads and chosen.offline:
        raise CannotDeliver(_OFFLINE)
    return source.deliver(request)


def _prospect(source: Source, request: ToolRequest, chosen: SourceSettings) -> Prospect:
    if source.name not in chosen.sources:
        return Prospect(source.name, able=False, says="METRICRIG_SOURCES leaves it out")
    if source.downloads and chosen.offline:
        return Prospect(source.name, able=False, says=_OFFLINE)
    try:
        return Prospect(source.name, able=True, says=source.plan(request))
    except (CannotDeliver, UsageError) as why:
        return Prospect(source.name, able=False, says=str(why))


def _remedy(request: ToolRequest, chosen: SourceSettings) -> str:
    if request.locked is not None:
        name = request.tool.name
        return (
            f"metricrig tools lock --update {name} locks what is to be had now; METRICRIG_LOCK=off does without a lock"
        )
    own = f"install it, or set {request.tool.variable('PATH')} to an executable of it"
    if chosen.sources != SOURCES:
        return f"{own}; METRICRIG_SOURCES allows only {', '.join(chosen.sources)}"
    return f"{own}; unset METRICRIG_OFFLINE to allow downloads" if chosen.offline else own


def _key(tool: Tool, version: str | None, path: str | Path | None) -> _Key:
    """All that the answer depends on, as far as it can be read in microseconds."""
    own = (tool.variable("PATH"), tool.variable("VERSION"))
    lock = lock_path()
    seen = (lock, _seen(lock)) if lock else None
    return (tool, version, path, seen, *(os.environ.get(name) for name in (*own, *_VARIABLES)))


def _seen(path: Path) -> _Seen | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
