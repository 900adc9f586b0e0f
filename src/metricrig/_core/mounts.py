"""Mounts of memory file systems: made of a size, changed while they are in use, and gone with what they lie in.

Nothing of it is remembered: the kernel's table says what is mounted below a directory.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # not typing's, which a janitor does without
if TYPE_CHECKING:
    from collections.abc import Iterator
    from ctypes import CDLL

_NOSUID, _NODEV = 2, 4
_READ_ONLY, _REMOUNT = 1, 32
_DETACH, _NOFOLLOW = 2, 8
_MOUNT_POINT = 4
"""The field of a line of mountinfo, counted from 0; see proc_pid_mountinfo(5)."""


def mount_memory(directory: str, *, size: int, mode: int, owner: tuple[int, int]) -> None:
    """Mount a file system in memory of so many bytes on a directory, which keeps its permissions."""
    data = f"size={size},mode={mode:o},uid={owner[0]},gid={owner[1]}"
    _mount("metricrig", directory, "tmpfs", _NOSUID | _NODEV, data)


def remount_memory(directory: str, *, size: int, read_only: bool) -> None:
    """Give it another size, or make it read-only or writable.

    ``OSError`` with EINVAL if more than that is used, with EBUSY if it is to be read-only and files are open for
    writing.
    """
    flags = _REMOUNT | _NOSUID | _NODEV | (_READ_ONLY if read_only else 0)
    _mount("metricrig", directory, "tmpfs", flags, f"size={size}")


def unmount_below(directory: str) -> None:
    """Unmount all that is mounted in a directory; only root can have mounted there."""
    if os.geteuid() == 0:
        for each in reversed(list(_mounted_below(directory))):
            _check(_library().umount2(os.fsencode(each), _DETACH | _NOFOLLOW), each)


def is_mounted(directory: str) -> bool:
    """Whether something is mounted on just this directory."""
    return os.path.realpath(directory) in _mount_points()


def _mounted_below(directory: str) -> Iterator[str]:
    start = f"{os.path.realpath(directory)}/"
    return (each for each in _mount_points() if each.startswith(start))


def _mount_points() -> list[str]:
    """In the order in which they were mounted."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            return [_plain(line.split(" ")[_MOUNT_POINT]) for line in file]
    except OSError:
        return []


def _plain(path: str) -> str:
    """A path without the octal numbers that stand for spaces and the like."""
    if "\\" not in path:
        return path
    import re  # noqa: PLC0415 - a janitor does without

    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)


def _mount(source: str, target: str, kind: str, flags: int, data: str) -> None:
    words = [os.fsencode(each) for each in (source, target, kind)]
    _check(_library().mount(*words, flags, data.encode()), target)


def _library() -> CDLL:
    import ctypes  # noqa: PLC0415 - few rigs have a disk of their own

    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, path: str) -> None:
    if result:
        import ctypes  # noqa: PLC0415 - see above

        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
