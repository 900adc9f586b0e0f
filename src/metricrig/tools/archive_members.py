"""Whether the members of an archive may be extracted: decided on their headers alone, before anything is written.

tarfile has a filter of its own, ``data``, which is no substitute: it judges member after member while it writes, knows
no limit of size, lets two members have one name, and is not in Python 3.11.2, which Debian 12 has.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_NAME = 255
"""Bytes of one part of a path: what file systems take."""
LONGEST_PATH = 512
"""Bytes of a member's path: far below the system's 4096, and less deep than Python's recursion goes."""


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
class ArchiveMember:
    """A member as the archive states it."""

    name: str
    kind: Kind
    target: str = ""
    size: int = 0

    @property
    def path(self) -> str:
        """The name in its plainest form; "." for the top."""
        return posixpath.normpath(self.name)


def check_members(members: Iterable[ArchiveMember], limit: int | None = None) -> None:
    """Raise for the first member that must not be extracted, and once they are larger than ``limit`` together."""
    seen, total = _Seen(), 0
    for member in members:
        total += max(member.size, 0)
        problem = seen.problem(member)
        if limit is not None and total > limit:
            problem = problem or f"makes it larger than {limit} bytes"
        if problem:
            raise BadArchive(f"its member {member.name[:LONGEST_PATH]!r} {problem}; nothing was extracted")
        seen.add(member)


class _Seen:
    """What the members so far would make."""

    def __init__(self) -> None:
        self.directories = {"."}
        self.files: set[str] = set()
        self.links: set[str] = set()

    def problem(self, member: ArchiveMember) -> str:
        """Why a member must not be extracted; empty if it may."""
        return (
            _name_problem(member)
            or self._place_problem(member)
            or _symlink_problem(member)
            or self._hardlink_problem(member)
        )

    def add(self, member: ArchiveMember) -> None:
        """It will be there, and so will the directories above it."""
        of_kind = {Kind.DIRECTORY: self.directories, Kind.SYMLINK: self.links}.get(member.kind, self.files)
        of_kind.add(member.path)
        self.directories.update(self._new_parents(member.path))

    def _place_problem(self, member: ArchiveMember) -> str:
        path, is_directory = member.path, member.kind is Kind.DIRECTORY
        if path in self.links or path in self.files or (path in self.directories and not is_directory):
            return "occurs twice"
        if any(parent in self.links or parent in self.files for parent in self._new_parents(path)):
            return "lies beneath a link or file of the same archive"
        return ""

    def _hardlink_problem(self, member: ArchiveMember) -> str:
        if member.kind is not Kind.HARDLINK:
            return ""
        if not _leaves(member.target) and posixpath.normpath(member.target) in self.files:
            return ""
        return f"is a hard link to {member.target[:LONGEST_PATH]!r}, which is no earlier file of the archive"

    def _new_parents(self, path: str) -> Iterator[str]:
        """The directories above it that are not known yet; those above a known one have been judged with it."""
        parent = posixpath.dirname(path)
        while parent and parent not in self.directories:
            yield parent
            parent = posixpath.dirname(parent)


def _name_problem(member: ArchiveMember) -> str:
    if member.kind is Kind.OTHER:
        return f"is a {member.kind.value}"
    if "\0" in member.name or "\0" in member.target:
        return "has a NUL in its name"
    if _leaves(member.name):
        return "lies outside of the archive's directory"
    if _too_long(member.name) or _too_long(member.target):
        return "has a name that is too long"
    return ""


def _symlink_problem(member: ArchiveMember) -> str:
    """Upward steps are sound only at the beginning: behind another link, ``..`` is not where it seems."""
    if member.kind is not Kind.SYMLINK:
        return ""
    if not member.target:
        return "is a symbolic link to nothing"
    parts = [part for part in member.target.split("/") if part not in {"", "."}]
    downward = [part for part in parts if part != ".."]
    upward = len(parts) - len(downward)
    depth = member.path.count("/")
    if member.target.startswith("/") or upward > depth or parts[upward:] != downward:
        return f"is a symbolic link to {member.target!r}, which may lead outside of the archive's directory"
    return ""


def _too_long(path: str) -> bool:
    encoded = path.encode(errors="surrogateescape")
    return len(encoded) > LONGEST_PATH or any(len(part) > LONGEST_NAME for part in encoded.split(b"/"))


def _leaves(name: str) -> bool:
    return not name or name.startswith("/") or ".." in name.split("/")
