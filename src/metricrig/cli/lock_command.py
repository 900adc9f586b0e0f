"""``metricrig tools lock``: writing and checking ``metricrig.lock``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.errors import ToolUnavailable, UsageError
from metricrig.cli.output import console
from metricrig.cli.tool_installation import watching_tools
from metricrig.services.known_tools import look_up
from metricrig.tools import lockfile
from metricrig.tools.acquisition import asked
from metricrig.tools.lockfile import Locked
from metricrig.tools.tool_request import request_for
from metricrig.tools.version_numbers import platform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.tools import Executable, Tool


@dataclass(frozen=True, slots=True)
class LockChange:
    """What happens to one entry; ``old`` is None for a new one, ``new`` where it cannot be had."""

    words: str
    old: Locked | None
    new: Locked | None
    why: str = ""

    @property
    def said(self) -> str:
        """In a line."""
        if self.new is None:
            return f"{self.words}: {self.why}"
        now = f"{self.words}: {self.new.version} from {self.new.source}"
        if self.old is None:
            return f"{now}, new"
        same = self.old.version == self.new.version and self.old.digest == self.new.digest
        return f"{now}, as before" if same else f"{now}, was {self.old.version} from {self.old.source}"


def lock(wanted: Sequence[tuple[Tool, str | None]], *, update: bool) -> tuple[Path, list[LockChange]]:
    """Lock what is named, or all that the lock has; what is in it already stays unless it is to be updated."""
    place = lockfile.lock_path() or Path.cwd() / lockfile.NAME
    before = lockfile.entries_of(place) if place.exists() else ()
    questions = list(wanted) or _all_of(before, place)
    with watching_tools(console(stderr=True), [tool.name for tool, _ in questions]):
        changes = [_change(tool, version or "", before, update=update) for tool, version in questions]
    made = [each.new for each in changes if each.new is not None]
    keys = {_key(each) for each in made}
    lockfile.write(place, [*(each for each in before if _key(each) not in keys), *made])
    return place, changes


def missing(wanted: Sequence[tuple[Tool, str | None]]) -> list[str]:
    """What the lock does not have for this platform, of what is named or of all that it has for others."""
    place = lockfile.lock_path()
    if place is None:
        return [f"there is no {lockfile.NAME} here or above"]
    entries = lockfile.entries_of(place)
    questions = list(wanted) or _all_of(entries, place)
    return [
        f"{place} has nothing for {_words(tool, version or '')} on {platform()}"
        for tool, version in questions
        if _find(entries, tool.name, version or "") is None
    ]


def locked_tools() -> list[tuple[Tool, str | None]]:
    """What the lock of this project has for this platform."""
    place = lockfile.lock_path()
    entries = lockfile.entries_of(place) if place else ()
    return [(look_up(each.name), each.wanted or None) for each in entries if each.platform == platform()]


def _all_of(entries: Sequence[Locked], place: Path) -> list[tuple[Tool, str | None]]:
    if not entries:
        raise UsageError(f"{place} has no tools yet: name those that your tests use, as in metricrig tools lock redis")
    return [(look_up(name), wanted or None) for name, wanted in dict.fromkeys((e.name, e.wanted) for e in entries)]


def _change(tool: Tool, wanted: str, before: Sequence[Locked], *, update: bool) -> LockChange:
    words, old = _words(tool, wanted), _find(before, tool.name, wanted)
    if old is not None and not update:
        return LockChange(words, old, old)
    try:
        found = asked(request_for(tool, wanted or None, None, lock=False).unlocked(afresh=update))
    except ToolUnavailable as error:
        return LockChange(words, old, None, str(error))
    if found.source == "explicit":
        return LockChange(
            words, old, None, f"{found.path} is a path of this machine alone; unset {tool.variable('PATH')}"
        )
    return LockChange(words, old, _locked(tool, wanted, found))


def _locked(tool: Tool, wanted: str, found: Executable) -> Locked:
    return Locked(
        tool.name, platform(), found.version, found.source, wanted=wanted, package=found.package, digest=found.digest
    )


def _find(entries: Sequence[Locked], name: str, wanted: str) -> Locked | None:
    here = [each for each in entries if (each.name, each.wanted, each.platform) == (name, wanted, platform())]
    return here[0] if here else None


def _key(entry: Locked) -> tuple[str, str, str]:
    return entry.name, entry.wanted, entry.platform


def _words(tool: Tool, wanted: str) -> str:
    return f"{tool.name}@{wanted}" if wanted else tool.name
