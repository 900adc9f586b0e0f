"""Whether the members of an archive may be extracted: decided on their names alone, before anything is written.

Python 3.11.2, which Debian 12 has, does not know tarfile's own filters yet.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class BadArchive(Exception):
    """An archive that is damaged or that tries to leave its directory; the text names the member."""


class Kind(Enum):
    """What a member is."""

    DIRECTORY = "directory"
    FILE = "file"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"
    OTHER = "device, pipe or the like"


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the archive states it."""

    name: str
    kind: Kind
    target: str = ""

    @property
    def path(self) -> str:
        """The name in its plainest form; "." for the top."""
        return posixpath.normpath(self.name)


def check_members(members: Iterable[Member]) -> None:
    """Raise for the first member that must not be extracted."""
    links: set[str] = set()
    files: set[str] = set()
    for member in members:
        problem = _problem(member, links, files)
        if problem:
            raise BadArchive(f"its member {member.name!r} {problem}; nothing was extracted")
        if member.kind is Kind.SYMLINK:
            links.add(member.path)
        elif member.kind is not Kind.DIRECTORY:
            files.add(member.path)


def _problem(member: Member, links: set[str], files: set[str]) -> str:
    path = member.path
    if member.kind is Kind.OTHER:
        return f"is a {member.kind.value}"
    if _leaves(member.name):
        return "lies outside of the archive's directory"
    if path in links or (member.kind is not Kind.DIRECTORY and path in files):
        return "occurs twice"
    if any(parent in links or parent in files for parent in _parents(path)):
        return "lies beneath a link or file of the same archive"
    return _symlink_problem(member) or _hardlink_problem(member, files)


def _hardlink_problem(member: Member, files: set[str]) -> str:
    inside = not _leaves(member.target) and posixpath.normpath(member.target) in files
    if member.kind is Kind.HARDLINK and not inside:
        return f"is a hard link to {member.target!r}, which is no earlier file of the archive"
    return ""


def _symlink_problem(member: Member) -> str:
    """Upward steps are sound only at the beginning: behind another link, ``..`` is not where it seems."""
    parts = [part for part in member.target.split("/") if part not in {"", "."}]
    downward = [part for part in parts if part != ".."]
    upward = len(parts) - len(downward)
    depth = member.path.count("/")
    if member.kind is not Kind.SYMLINK:
        return ""
    if member.target.startswith("/") or upward > depth or parts[upward:] != downward:
        return f"is a symbolic link to {member.target!r}, which may lead outside of the archive's directory"
    return ""


def _leaves(name: str) -> bool:
    return not name or name.startswith("/") or ".." in name.split("/")


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
