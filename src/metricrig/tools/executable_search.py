"""Finding a tool's executable in a directory, whether the system's or an unpacked archive."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.tools.tool import Tool


def search_path(tool: Tool) -> list[Path]:
    """The directories of ``PATH``, then the tool's own places, the highest number first."""
    listed = [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry]
    placed = [found for pattern in tool.places for found in _newest_first(_expanded(pattern))]
    return list(dict.fromkeys([*listed, *placed]))


def executables_in(directory: Path, tool: Tool) -> Iterator[Path]:
    """The tool's executables there, in the order of its names."""
    for name in tool.executables:
        candidate = directory / name
        # os.path's answer for what may not be looked at is no; pathlib raises.
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):  # noqa: PTH113 - see above
            yield candidate


def with_companions(tool: Tool, executable: Path) -> Path | None:
    """The executable's path beside which all companions lie; None if some are missing.

    Debian links single PostgreSQL programs into other directories: the place behind the link is complete. A
    program without companions keeps the path it was found under, for some look at the name they are called by.
    """
    if not tool.companions:
        return executable
    for path in (executable.resolve(), executable):
        if not missing_companions(tool, path):
            return path
    return None


def missing_companions(tool: Tool, executable: Path) -> list[str]:
    """Companions that do not lie beside it."""
    return [name for name in tool.companions if not os.access(executable.with_name(name), os.X_OK)]


def unpacked_executable(tree: Path, directory: str, tool: Tool) -> Path | None:
    """The executable in an unpacked tree; ``directory`` is a glob within it."""
    found = _newest_first(tree.glob(directory)) if directory else [tree]
    for place in found:
        for candidate in (place / name for name in tool.executables):
            if candidate.is_file():
                _make_executable([candidate, *(candidate.with_name(name) for name in tool.companions)])
                return candidate
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
