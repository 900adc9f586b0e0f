"""The cache of tools: a directory for each entry, described by its manifest."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.cache_directory import cache_root
from metricrig._core.digest import digest_of
from metricrig.tools.executable_search import Found
from metricrig.tools.manifest import MANIFEST, BadManifest, read_manifest
from metricrig.tools.tool import Executable
from metricrig.tools.version_numbers import numbers, platform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from metricrig.tools.tool_request import ToolRequest


@dataclass(frozen=True, slots=True)
class Installed:
    """An entry of the cache; ``path`` is its executable, ``size`` counts all its files."""

    tool: str
    version: str
    source: str
    path: Path
    size: int


def shelf(tool: str) -> Path:
    """The directory of one tool's entries."""
    return cache_root() / "tools" / tool


def entry_name(version: str, source: str, digest: str = "") -> str:
    """The name of an entry's directory. Two packages of one version are two entries."""
    short = f"-{digest_of(digest, 8)}" if digest else ""
    return f"{version or 'unknown'}-{source}{short}-{platform()}"


def make_directory(directory: Path) -> None:
    """Create it, writable for us alone whatever the umask; root's is readable by all, for servers of other users."""
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    for each in missing or [directory]:
        found = each.stat()
        if found.st_uid == os.geteuid():
            each.chmod(0o755 if missing and os.geteuid() == 0 else stat.S_IMODE(found.st_mode) & 0o755)


def entries(tool: str) -> list[Executable]:
    """All usable entries of a tool, newest version first."""
    found = [each for directory in _directories(shelf(tool)) if (each := read_entry(directory)) is not None]
    return sorted(found, key=lambda each: numbers(each.version), reverse=True)


def entries_for(request: ToolRequest) -> list[Executable]:
    """Those that have what the tool needs; one that was put there when it needed less may not."""
    return [each for each in entries(request.tool.name) if _complete(request, each)]


def usable(request: ToolRequest, directory: Path) -> Executable | None:
    """An entry's executable, if that is among them."""
    found = read_entry(directory)
    return found if found is not None and _complete(request, found) else None


def _complete(request: ToolRequest, executable: Executable) -> bool:
    return not Found(executable.path, executable.directories).missing(request.tool)


def read_entry(directory: Path) -> Executable | None:
    """The executable of an entry; None if it cannot be used."""
    try:
        return _judged(directory)
    except (BadManifest, OSError):
        return None


def locked_entry(request: ToolRequest) -> Executable | None:
    """The entry that the project's lock speaks of."""
    lock = request.locked
    for each in entries_for(request):
        if lock and (each.version, each.source, each.digest) == (lock.version, lock.source, lock.digest):
            return each
    return None


def damaged(tool: str) -> list[str]:
    """The entries that cannot be used, and why: files that were changed, or removed by hand. They are fetched anew."""
    found = []
    for directory in _directories(shelf(tool)):
        try:
            _judged(directory)
        except (BadManifest, OSError) as why:
            found.append(f"{directory / MANIFEST}: {why}")
    return found


def _judged(directory: Path) -> Executable:
    """An entry's executable; raises if the entry is not what its manifest says, or not for this machine."""
    if not directory.name.endswith(f"-{platform()}"):
        raise BadManifest(f"it is not for {platform()}")
    manifest = read_manifest(directory)
    path = directory / manifest.executable
    if manifest.tool != directory.parent.name:
        raise BadManifest(f"it speaks of {manifest.tool!r}")
    if path.stat().st_size != manifest.bytes or not os.access(path, os.X_OK):
        raise BadManifest(f"{path} is not the program that it speaks of")
    for kind, inside in (("executable", manifest.executable), *(("directory", each) for each in manifest.directories)):
        if not (directory / inside).resolve().is_relative_to(directory.resolve()):
            raise BadManifest(f"its {kind} {inside!r} lies outside of the entry")
    env = {
        name: os.pathsep.join(str(directory / relative) for relative in relatives)
        for name, relatives in manifest.env.items()
    }
    return Executable(
        manifest.tool,
        path,
        manifest.version,
        manifest.source,
        env,
        package=manifest.package,
        digest=manifest.digest,
        directories=tuple(directory / each for each in manifest.directories),
    )


def installed(tool: str | None = None) -> list[Installed]:
    """What is in the cache, of one tool or of all."""
    names = [tool] if tool else [path.name for path in _directories(cache_root() / "tools")]
    return [
        Installed(each.tool, each.version, each.source, each.path, _size(shelf(name), each.path))
        for name in sorted(names)
        for each in entries(name)
    ]


def _directories(parent: Path) -> Iterator[Path]:
    """The visible ones: the name of a staging directory begins with a dot."""
    try:
        children = sorted(parent.iterdir())
    except OSError:
        return
    yield from (child for child in children if not child.name.startswith(".") and child.is_dir())


def _size(parent: Path, executable: Path) -> int:
    entry = parent / executable.relative_to(parent).parts[0]
    return sum(path.lstat().st_size for path in entry.rglob("*") if path.is_file() or path.is_symlink())
