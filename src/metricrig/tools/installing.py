"""Putting a tool into the cache: one process at a time, staged beside its place, visible in one step."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from metricrig._core.directories import cache_root
from metricrig._core.errors import Unavailable
from metricrig.tools import cache
from metricrig.tools.manifest import Manifest, write_manifest
from metricrig.tools.requests import CannotDeliver, check
from metricrig.tools.versions import said_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from metricrig.tools.requests import Request
    from metricrig.tools.tool import Executable

# A build with Go may take ten minutes; whoever waits for it waits a little longer before giving up.
LOCK_WITHIN = 1200.0
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class Built:
    """What a source has put into ``tree``. ``version`` is what the source knows, if the program does not say."""

    tree: Path
    executable: Path
    version: str = ""
    libraries: Sequence[Path] = field(default=())


def install(
    request: Request,
    source: str,
    build: Callable[[Path], Built],
    suits: Callable[[Executable], bool],
) -> Executable:
    """Deliver from the cache what this source put there before, else let ``build`` fill a staging directory."""
    shelf, slug = cache.shelf(request.tool.name), _slug(request, source)
    with _as_unavailable(request), _locked(shelf, slug):
        before = next(
            (each for each in cache.entries(request.tool.name) if each.source == source and suits(each)), None
        )
        if before is not None:
            return before
        staging = shelf / f".staging-{slug}"
        # Whoever left one was killed: this process holds the lock.
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        try:
            return _publish(request, source, staging, build(staging))
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _publish(request: Request, source: str, staging: Path, built: Built) -> Executable:
    env = _env(built.libraries)
    as_text = {name: os.pathsep.join(map(str, paths)) for name, paths in env.items()}
    version = said_by(request.tool, built.executable, as_text) or built.version
    check(request, version, f"what {source} delivered")
    manifest = Manifest(
        tool=request.tool.name,
        version=version,
        source=source,
        executable=str(built.executable.relative_to(built.tree)),
        bytes=built.executable.stat().st_size,
        sha256=_sha256(built.executable),
        env={name: [str(path.relative_to(built.tree)) for path in paths] for name, paths in env.items()},
    )
    write_manifest(built.tree, manifest)
    _open_to_all(built.tree)
    place = cache.shelf(request.tool.name) / cache.entry_name(version, source)
    _make_visible(built.tree, place, staging / "replaced")
    delivered = cache.read_entry(place)
    if delivered is None:
        raise CannotDeliver(f"{place} was changed by somebody else while it was put there")
    return delivered


def _make_visible(tree: Path, place: Path, aside: Path) -> None:
    """One rename. An entry that is there already came from another request for the same version."""
    if cache.read_entry(place) is not None:
        return
    with contextlib.suppress(FileNotFoundError):
        place.rename(aside)
    try:
        tree.rename(place)
    except OSError:
        if cache.read_entry(place) is None:
            raise


@contextlib.contextmanager
def _locked(shelf: Path, slug: str) -> Iterator[None]:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - only installing needs it

    cache.make_directory(shelf)
    try:
        with FileLock(shelf / f".lock-{slug}", timeout=LOCK_WITHIN, mode=0o644):
            yield
    except Timeout:
        raise CannotDeliver(
            f"another process has been installing it for {LOCK_WITHIN:g} s, holding {shelf / f'.lock-{slug}'}",
        ) from None


@contextlib.contextmanager
def _as_unavailable(request: Request) -> Iterator[None]:
    """The cache's troubles are not the source's: the next source would meet them too."""
    try:
        yield
    except OSError as error:
        full = error.errno in _FULL
        raise Unavailable(
            f"{request.tool.name} {request.wanted}",
            reason=f"the cache {cache_root()} {'is full' if full else 'cannot be written'}: {error}",
            remedy="free some space there, or set METRICRIG_CACHE to a directory with more"
            if full
            else "set METRICRIG_CACHE to a directory that you may write",
        ) from error


def _env(libraries: Sequence[Path]) -> Mapping[str, Sequence[Path]]:
    return {"LD_LIBRARY_PATH": libraries} if libraries else {}


def _slug(request: Request, source: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", request.version).strip("-") or "default"
    unique = hashlib.sha256(request.specifier.encode()).hexdigest()[:8]
    return f"{source}-{readable[:40]}-{unique}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open_to_all(tree: Path) -> None:
    """Whatever the umask was: readable by all, writable by the owner, and nobody's rights taken on."""
    for path in (tree, *tree.rglob("*")):
        if path.is_symlink():
            continue
        mode = path.stat().st_mode
        path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)
