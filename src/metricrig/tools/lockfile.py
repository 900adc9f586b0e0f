"""``metricrig.lock``: which version of a tool a project runs on, from where, and with which digest. Committed."""

from __future__ import annotations

import functools
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig.tools.version_specifier import satisfies

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = "metricrig.lock"
FORMAT = 1
OFF = "off"
_HEAD = f"# What this project's tests run on. Written by `metricrig tools lock`; commit it.\nlock = {FORMAT}\n"
_DIGEST = re.compile(r"(sha256:[0-9a-f]{64}|h1:[A-Za-z0-9+/]{43}=)?")


@dataclass(frozen=True, slots=True)
class Locked:
    """One tool on one platform. ``wanted`` is what the code asks for, empty if it asks for nothing.

    ``package`` is what the source fetches, as the source names it, and ``digest`` its hash; a program of PATH has
    neither. ``said_by`` is the file that says so.
    """

    name: str
    platform: str
    version: str
    source: str
    wanted: str = ""
    package: str = ""
    digest: str = ""
    said_by: str = ""


def lock_path(start: Path | None = None) -> Path | None:
    """The lock that counts here: ``METRICRIG_LOCK``, else the next one upwards; None without any."""
    stated = os.environ.get("METRICRIG_LOCK", "")
    if stated:
        return None if stated == OFF else Path(stated).expanduser().absolute()
    directory = os.fspath(start) if start else _here()
    while directory:
        path = os.path.join(directory, NAME)  # noqa: PTH118 - on the way to every start of a server
        if os.path.isfile(path):  # noqa: PTH113 - see above
            return Path(path)
        above = os.path.dirname(directory)  # noqa: PTH120 - see above
        directory = above if above != directory else ""
    return None


def entries_of(path: Path) -> tuple[Locked, ...]:
    """What a lock says; raises ``UsageError`` with what is wrong with it."""
    try:
        found = path.stat()
    except OSError as error:
        raise UsageError(
            f"the lock {path} cannot be read: {error.strerror}\n"
            "  what to do: metricrig tools lock writes one; METRICRIG_LOCK=off does without"
        ) from None
    return _read(path, found.st_mtime_ns, found.st_size)


def entry_for(name: str, wanted: str, platform: str) -> Locked | None:
    """What the lock says of a request; None if there is no lock, or it does not speak of the tool."""
    path = lock_path()
    if path is None:
        return None
    of_tool = [each for each in entries_of(path) if each.name == name]
    here = [each for each in of_tool if each.platform == platform]
    exactly = [each for each in here if each.wanted == wanted]
    fitting = exactly or [each for each in here if wanted and satisfies(wanted, each.version)]
    fitting = fitting or (here if not wanted else [])
    if fitting:
        return fitting[0]
    if not of_tool:
        return None
    words = f"{name}@{wanted}" if wanted else name
    says = ", ".join(dict.fromkeys(f"{each.version} for {each.platform}" for each in of_tool))
    raise UsageError(
        f"{words}: {path} has {says}, and nothing for this request on {platform}\n"
        f"  what to do: metricrig tools lock '{words}' on such a machine, and commit the file"
    )


def render(entries: Iterable[Locked]) -> str:
    """As TOML that can be read in a diff: sorted, a table for each tool, request and platform."""
    ordered = sorted(entries, key=lambda each: (each.name, each.wanted, each.platform))
    return _HEAD + "".join(map(_table, ordered))


def write(path: Path, entries: Iterable[Locked]) -> None:
    """In one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(render(entries), encoding="utf-8")
    draft.replace(path)


def _table(entry: Locked) -> str:
    # A basic string of TOML is one of JSON, but for what no version or URL has in it.
    fields = ("name", "wanted", "platform", "version", "source", "package", "digest")
    lines = [f"{name} = {json.dumps(getattr(entry, name))}\n" for name in fields if getattr(entry, name)]
    return "\n[[tool]]\n" + "".join(lines)


@functools.lru_cache(maxsize=8)
def _read(path: Path, changed: int, size: int) -> tuple[Locked, ...]:
    import tomllib  # noqa: PLC0415 - only where there is a lock

    del changed, size
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        if content.get("lock") != FORMAT:
            raise ValueError(f"its format is {content.get('lock')!r}, this metricrig knows {FORMAT}")  # noqa: TRY301
        return tuple(_entry(path, each) for each in content.get("tool", []))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"the lock {path} is no lock: {error}\n  what to do: mend it, or write it anew with metricrig tools lock"
        ) from None


def _entry(path: Path, content: dict[str, Any]) -> Locked:
    entry = Locked(**content, said_by=str(path))
    wrong = [name for name in Locked.__slots__ if not isinstance(getattr(entry, name), str)]
    if wrong:
        raise ValueError(f"{wrong[0]} of {content.get('name')!r} is no text")
    if not (entry.name and entry.platform and entry.version and entry.source):
        raise ValueError(f"an entry needs name, platform, version and source: {content}")
    if _DIGEST.fullmatch(entry.digest) is None:
        raise ValueError(f"the digest of {entry.name} is none: {entry.digest!r}")
    if not entry.digest and entry.source != "path":
        raise ValueError(f"{entry.name} has no digest")
    return entry


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - see above
    except OSError:
        return ""
