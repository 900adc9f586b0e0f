"""How a container comes by its service's directory: it is mounted, or it is handed over into a volume.

A directory can be mounted where the engine sees our files and the user inside may own them. Elsewhere the volume is
what the service works on, and the directory on our side is what was given to it: what has changed here goes into the
volume before each container, and what a command beside a service has made is fetched from there.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from docker.types import Mount

from metricrig.runtimes.docker.labels import SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.runtimes import Site
    from metricrig.runtimes.docker.engine.connection import ContainerEngine

Stamp = tuple[int, int, int]
"""When a file was changed, its size, and which file it is."""
_IN_MEMORY = 8 << 20


@dataclass
class Volume:
    """One instance's directory in an engine that does not have ours. ``owner`` is who it belongs to in there."""

    engine: ContainerEngine
    name: str
    labels: dict[str, str]
    known: dict[str, Stamp] = field(default_factory=dict)
    """What both sides have, by its path."""
    used: bool = False
    """Whether the service has run: then the volume has what we do not."""
    made: bool = False

    def prepare(self, site: Site) -> Mount:
        """Have it, before a container is made that mounts it. What was deleted here is not in there either."""
        if self.made and not self.used and self.known.keys() - _stamps(site.directory).keys():
            self.empty()
        if not self.made:
            self.engine.client.create_volume(self.name, labels={**self.labels, SERVICE: site.at.name})
            self.made = True
        return Mount(str(site.directory), self.name, type="volume")

    def give(self, container: str, site: Site, owner: tuple[int, int]) -> None:
        """Put what has changed here into the volume, through a container that has it."""
        now = _stamps(site.directory)
        changed = [path for path, stamp in now.items() if self.known.get(path) != stamp]
        with _file() as archive:
            _pack(archive, site.directory, changed, owner)
            archive.seek(0)
            self.engine.client.put_archive(container, str(site.directory.parent), archive)
        self.known = now

    def fetch(self, container: str, site: Site) -> None:
        """Take what is in there."""
        chunks, _ = self.engine.client.get_archive(container, str(site.directory))
        with _file() as archive:
            for chunk in chunks:
                archive.write(chunk)
            archive.seek(0)
            _unpack(archive, site.directory)
        self.known = _stamps(site.directory)

    def empty(self) -> None:
        """Forget all of it."""
        if self.made:
            self.engine.client.remove_volume(self.name, force=True)
        self.made = self.used = False
        self.known = {}


def give_text(engine: ContainerEngine, container: str, path: str, text: str) -> None:
    """Put a file that all may read into a container that has not been started."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        entry = tarfile.TarInfo(path.lstrip("/"))
        entry.size, entry.mode = len(text), 0o644
        tar.addfile(entry, io.BytesIO(text.encode()))
    engine.client.put_archive(container, "/", content.getvalue())


def _file() -> Any:
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)


def _stamps(directory: Path) -> dict[str, Stamp]:
    """Of every file and directory, by its path in there; sockets and the like are not for others."""
    found = {}
    for path in _below(directory):
        status = path.lstat()
        changed = 0 if path.is_dir() else status.st_mtime_ns
        found[str(path.relative_to(directory))] = (changed, 0 if path.is_dir() else status.st_size, status.st_ino)
    return found


def _below(directory: Path) -> Iterator[Path]:
    for entry in os.scandir(directory):
        if entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
            yield from _below(Path(entry.path))
        elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
            yield Path(entry.path)


def _pack(archive: BinaryIO, directory: Path, paths: list[str], owner: tuple[int, int]) -> None:
    def owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid, entry.gid = owner
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in ["", *paths]:
            tar.add(directory / path, str(Path(directory.name) / path), recursive=False, filter=owned)


def _unpack(archive: BinaryIO, directory: Path) -> None:
    """Files, directories and links that lie in it, and stay in it: the archive comes from whatever ran there.

    By hand, because what tarfile has for this is in no Python before 3.11.4.
    """
    with tarfile.open(fileobj=archive) as tar:
        for entry in tar:
            path = directory.parent / entry.name
            if ".." in path.parts or directory not in path.parents or not _inside(path.parent, directory):
                continue
            if path.is_symlink():
                path.unlink()
            if entry.isdir():
                path.mkdir(exist_ok=True)
            elif entry.isreg() and (file := tar.extractfile(entry)) is not None:
                path.unlink(missing_ok=True)
                with path.open("xb") as target:
                    shutil.copyfileobj(file, target)
            elif entry.issym() and not path.exists():
                path.symlink_to(entry.linkname)
            if not entry.issym() and path.exists():
                path.chmod(entry.mode & 0o777 | (0o700 if entry.isdir() else 0o600))


def _inside(path: Path, directory: Path) -> bool:
    """Also when all links are followed."""
    return path.resolve().is_relative_to(directory.resolve())
