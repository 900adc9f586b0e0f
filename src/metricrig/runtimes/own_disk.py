"""A disk of its own for a service's directory: a file system of a size, which can be made full, or read-only."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Protocol

from metricrig._core import mounts
from metricrig._core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ATTEMPTS = 1000
"""How often it may be written to between the look at what is used and the change of its size."""


class OwnDisk(Protocol):
    """What can be done to one."""

    @property
    def size(self) -> int:
        """Its size in bytes, as it was asked for."""

    @property
    def directory(self) -> Path:
        """Where we reach what is on it."""

    def change(self, *, size: int, read_only: bool) -> None:
        """Another size, or read-only or writable again; ``OSError`` as ``mounts.remount_memory`` says."""

    def command(self, argv: Sequence[str], cwd: Path) -> Sequence[str]:
        """What runs a command where it is seen."""


class MountedDisk:
    """One that root has mounted on the directory: everybody sees it. It goes with the rig's directory."""

    def __init__(self, directory: Path, size: int) -> None:
        self.directory = directory
        self.size = size

    @classmethod
    def on(cls, directory: Path, size: int) -> MountedDisk:
        """On this directory, which is there; one that is mounted already is the one that is meant."""
        if not mounts.is_mounted(str(directory)):
            found = directory.stat()
            owner, mode = (found.st_uid, found.st_gid), stat.S_IMODE(found.st_mode)
            try:
                mounts.mount_memory(str(directory), size=size, mode=mode, owner=owner)
            except OSError as error:
                raise no_disk(directory.name, f"nothing can be mounted on {directory}: {error.strerror}") from error
        return cls(directory, size)

    def change(self, *, size: int, read_only: bool) -> None:
        """The file system itself is changed, whoever sees it."""
        mounts.remount_memory(str(self.directory), size=size, read_only=read_only)

    def command(self, argv: Sequence[str], cwd: Path) -> Sequence[str]:
        """The command itself."""
        del cwd
        return argv


def no_disk(name: str, why: str) -> Unavailable:
    """The error where a service cannot have one."""
    return Unavailable(
        f"a disk of its own for {name}",
        reason=why,
        remedy="run the tests as an ordinary user whom the system lets make user namespaces, or as root with"
        " CAP_SYS_ADMIN (docker run --cap-add SYS_ADMIN); or leave Limits(disk=...) out",
    )


def used(disk: OwnDisk) -> int:
    """How many bytes of it are used."""
    found = os.statvfs(disk.directory)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def is_read_only(disk: OwnDisk) -> bool:
    """Whether nothing can be written to it."""
    return bool(os.statvfs(disk.directory).f_flag & os.ST_RDONLY)


def leave_free(disk: OwnDisk, free: int) -> None:
    """Let so many bytes of it be free and no more, rounded up to pages; what is on it stays."""
    page = os.sysconf("SC_PAGE_SIZE")
    read_only = is_read_only(disk)
    for _ in range(_ATTEMPTS):
        # A size of 0 would mean none at all.
        size = max(page, min(disk.size, used(disk) + free))
        try:
            disk.change(size=size, read_only=read_only)
        except OSError as error:
            if error.errno != errno.EINVAL:  # that more is used: somebody has written meanwhile
                raise
        else:
            return
    raise TimeoutError(f"{disk.directory} is written to faster than it can be filled")
