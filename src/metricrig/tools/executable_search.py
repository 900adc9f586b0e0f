"""The search for a tool's executable in directories, the system's or those of an unpacked archive."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.tools.tool import Tool


@dataclass(frozen=True, slots=True)
class Found:
    """An executable, and the other directories in which its package has programs."""

    path: Path
    directories: tuple[Path, ...] = ()

    def missing(self, tool: Tool) -> list[str]:
        """The tool's companions that are in none of them."""
        places = (self.path.parent, *self.directories)
        return [name for name in tool.companions if not any(_runs(place / name) for place in places)]


def search_path(tool: Tool) -> list[Path]:
    """The directories of ``PATH``, then the tool's own places, the highest number first."""
    listed = [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry]
    placed = [found for pattern in tool.places for found in _newest_first(_expanded(pattern))]
    return list(dict.fromkeys([*listed, *placed]))


def executables_in(directory: Path, tool: Tool) -> Iterator[Path]:
    """The tool's executables there, in the order of its names."""
    for name in tool.executables:
        if _runs(directory / name):
            yield directory / name


def _runs(path: Path) -> bool:
    # os.path's answer for what may not be looked at is no; pathlib raises.
    return os.path.isfile(path) and os.access(path, os.X_OK)  # noqa: PTH113 - see above


def installed(path: Path) -> Found:
    """What was found on this machine: a package's programs may lie in ``bin`` and ``sbin`` of one place."""
    own = path.parent
    others = {"bin": "sbin", "sbin": "bin"}
    return Found(path, (own.with_name(others[own.name]),) if own.name in others else ())


def with_companions(tool: Tool, executable: Path) -> Found | None:
    """The executable, by the path by which all companions are found; None if some are missing.

    Debian links single PostgreSQL programs into other directories: the place behind the link is complete. A
    program without companions keeps the path it was found under, for some look at the name they are called by.
    """
    if not tool.companions:
        return installed(executable)
    candidates = map(installed, (executable.resolve(), executable))
    return next((each for each in candidates if not each.missing(tool)), None)


def unpacked_executable(tree: Path, directory: str | tuple[str, ...], tool: Tool) -> Found | None:
    """The executable in an unpacked tree; ``directory`` is a glob within it, or several."""
    patterns = (directory,) if isinstance(directory, str) else directory
    places = [_newest_first(tree.glob(pattern)) if pattern else [tree] for pattern in patterns]
    for ours in places:
        for path in (place / name for place in ours for name in tool.executables):
            if path.is_file():
                others = tuple(theirs[0] for theirs in places if theirs and theirs is not ours)
                _make_executable([path, *(each / name for each in (path.parent, *others) for name in tool.companions)])
                return Found(path, others)
    return None


def _make_executable(programs: list[Path]) -> None:
    """Some archives, wheels among them, forget the permission."""
    for program in programs:
        if program.is_file():
            program.chmod(0o755)


def _expanded(pattern: str) -> Iterator[Path]:
    rooted = Path(pattern).expanduser()
    return Path(rooted.anchor or ".").glob(str(rooted.relative_to(rooted.anchor)))


def _newest_first(paths: Iterator[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: [int(part) for part in re.findall(r"\d+", str(path))], reverse=True)
