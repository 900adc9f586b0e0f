"""The installation of a tool into the cache: by one process at a time, beside its place, made visible in one step."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from metricrig._core.cache_directory import writing_cache
from metricrig._core.deadlines import factor
from metricrig._core.events import FetchProgressed, SourceTried, everything
from metricrig._core.leases import Lease, holder
from metricrig.janitor.work import end_others, reap_abandoned, work
from metricrig.tools import answers, tool_cache
from metricrig.tools.executable_search import Found
from metricrig.tools.manifest import Manifest, write_manifest
from metricrig.tools.program_version import said_by
from metricrig.tools.tool_request import CannotDeliver, check
from metricrig.tools.workplace import STUCK_AFTER, Workplace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from metricrig._core.events import Event
    from metricrig.tools.tool import Executable
    from metricrig.tools.tool_request import ToolRequest

GIVEN_UP_AFTER = STUCK_AFTER + 60.0
"""Seconds without a sign of life of the process that has the lock: it would have given up itself by then."""
_LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Built:
    """What a source has put into ``tree``. ``version`` is what the source knows, if the program does not say.

    ``directories`` have further programs, besides that of the executable. ``package`` is what it has fetched, and
    ``digest`` the hash of that.
    """

    tree: Path
    executable: Path
    version: str = ""
    libraries: Sequence[Path] = field(default=())
    package: str = ""
    digest: str = ""
    directories: Sequence[Path] = field(default=())


def install(
    request: ToolRequest,
    source: str,
    build: Callable[[Workplace], Built],
    suits: Callable[[Executable], bool],
) -> Executable:
    """Deliver from the cache what this source put there before, else let ``build`` fill a staging directory."""
    shelf, slug = tool_cache.shelf(request.tool.name), _slug(request, source)
    with writing_cache(f"{request.tool.name} {request.wanted}"), _locked(shelf, slug, request.tool.name, source):
        before = _before(request, source, suits)
        if before is not None:
            return _noted(request, source, before)
        end_others(shelf / f".staging-{slug}-*")  # this process holds the lock: whoever began them was killed
        reap_abandoned(shelf)
        with work(shelf / f".staging-{slug}-{secrets.token_hex(4)}") as begun:
            place = Workplace(begun, request.tool.name, source)
            return _noted(request, source, _publish(request, source, place, build(place)))


def _before(request: ToolRequest, source: str, suits: Callable[[Executable], bool]) -> Executable | None:
    """What is there already: of the lock, the answer to the same request, or what this source would fetch again."""
    if request.locked is not None:
        return tool_cache.locked_entry(request)
    if not request.afresh and (answer := answers.recall(request, (source,))):
        return answer
    return next((each for each in tool_cache.entries_for(request) if each.source == source and suits(each)), None)


def _noted(request: ToolRequest, source: str, delivered: Executable) -> Executable:
    if request.locked is None:
        answers.note(request, (source,), delivered)
    return delivered


def _publish(request: ToolRequest, source: str, at: Workplace, built: Built) -> Executable:
    env = _env(built.libraries)
    as_text = {name: os.pathsep.join(map(str, paths)) for name, paths in env.items()}
    version = said_by(request.tool, built.executable, as_text, at.run) or built.version
    check(request, version, f"what {source} delivered")
    _require_companions(request, source, built)
    if request.locked is not None and built.digest != request.locked.digest:
        raise CannotDeliver(
            f"{built.package} is not the expected one: its digest is {built.digest}, but {request.locked.said_by} says"
            f" {request.locked.digest}"
        )
    manifest = Manifest(
        tool=request.tool.name,
        version=version,
        source=source,
        executable=str(built.executable.relative_to(built.tree)),
        bytes=built.executable.stat().st_size,
        sha256=sha256_of(built.executable),
        env={name: [str(path.relative_to(built.tree)) for path in paths] for name, paths in env.items()},
        package=built.package,
        digest=built.digest,
        directories=[str(each.relative_to(built.tree)) for each in built.directories],
    )
    write_manifest(built.tree, manifest)
    _open_to_all(built.tree)
    place = tool_cache.shelf(request.tool.name) / tool_cache.entry_name(version, source, built.digest)
    _make_visible(request, built.tree, place, at.directory / "replaced")
    delivered = tool_cache.usable(request, place)
    if delivered is None:
        raise CannotDeliver(f"{place} was changed by somebody else while it was put there")
    return delivered


def _require_companions(request: ToolRequest, source: str, built: Built) -> None:
    if missing := Found(built.executable, tuple(built.directories)).missing(request.tool):
        places = [str(each.relative_to(built.tree)) for each in (built.executable.parent, *built.directories)]
        raise CannotDeliver(f"what {source} delivered has no {', '.join(missing)} in {' or '.join(places)}")


def _make_visible(request: ToolRequest, tree: Path, place: Path, aside: Path) -> None:
    """One rename. An entry that is there already came from another request for the same version."""
    if tool_cache.usable(request, place) is not None:
        return
    with contextlib.suppress(FileNotFoundError):
        place.rename(aside)
    try:
        tree.rename(place)
    except OSError:
        if tool_cache.usable(request, place) is None:
            raise


@contextlib.contextmanager
def _locked(shelf: Path, slug: str, tool: str, source: str) -> Iterator[None]:
    """One process at a time. Progress is a sign of life: it renews the lock file's time, which those who wait watch."""
    tool_cache.make_directory(shelf)
    path = shelf / f".lock-{slug}"
    with _lease(path, tool, source):

        def renew(event: Event) -> None:
            if isinstance(event, FetchProgressed) and event.tool == tool:
                os.utime(path)

        with everything.listening(renew):
            yield


def _lease(path: Path, tool: str, source: str) -> Lease:
    """The lock, as soon as it is to be had; it is not when whoever has it shows no sign of life."""
    changed, alive = 0, time.monotonic()
    while (lease := Lease.take(path)) is None:
        if (latest := path.stat().st_mtime_ns) != changed:
            if not changed:
                what = f"waiting for process {holder(path)}, which is fetching it"
                everything.emit(SourceTried(tool=tool, source=source, what=what))
            changed, alive = latest, time.monotonic()
        if time.monotonic() - alive > GIVEN_UP_AFTER * factor():
            raise CannotDeliver(f"process {holder(path)} has {path} and has done nothing for {GIVEN_UP_AFTER:g} s")
        time.sleep(_LOOK_EVERY)
    return lease


def _env(libraries: Sequence[Path]) -> Mapping[str, Sequence[Path]]:
    return {"LD_LIBRARY_PATH": libraries} if libraries else {}


def _slug(request: ToolRequest, source: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", request.version).strip("-") or "default"
    unique = hashlib.sha256(request.specifier.encode()).hexdigest()[:8]
    return f"{source}-{readable[:40]}-{unique}"


def sha256_of(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open_to_all(tree: Path) -> None:
    """Whatever the umask was: readable by all, writable by the owner, and nobody's rights taken on."""
    for path in (tree, *tree.rglob("*")):
        if path.is_symlink():
            continue
        mode = path.stat().st_mode
        path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)
