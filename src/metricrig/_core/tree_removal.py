"""Removal of a tree below a descriptor: what is moved, linked or made meanwhile cannot lead it anywhere else.

A third of ``shutil.rmtree``'s work, without its import, which would be half of the janitor's boot; and of any depth.
"""

from __future__ import annotations

import errno
import os
import stat
import time

REMOVAL_TIMEOUT_SECONDS = 5.0
"""Seconds for which somebody may go on writing into a directory that is being removed."""

_DEEPEST = 50
"""Directories held open at once; what lies deeper is moved up first."""
_DISTURBED = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.ELOOP}
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_below(parent: int, name: str) -> None:
    """Remove what has this name in the directory held by ``parent``, whatever it is; gone already is fine."""
    removal = _Removal(parent)
    removal.remove(parent, name, 0)
    removal.finish()


def remove_path(path: str) -> None:
    """Remove what is at this path: its parent is taken as it is, and a link in its own place is not followed."""
    parent, name = os.path.split(path.rstrip("/"))
    try:
        descriptor = os.open(parent or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        remove_below(descriptor, name)
    finally:
        os.close(descriptor)


class _Removal:
    def __init__(self, top: int) -> None:
        self._top = top
        self._name = f".deep-{os.getpid()}-{os.urandom(3).hex()}-"
        self._moved: list[str] = []
        self._end = time.monotonic() + REMOVAL_TIMEOUT_SECONDS

    def finish(self) -> None:
        for each in self._moved:  # it grows meanwhile
            self.remove(self._top, each, 0)

    def remove(self, parent: int, name: str, depth: int) -> None:
        while True:
            try:
                os.unlink(name, dir_fd=parent)
            except FileNotFoundError:
                return
            except (IsADirectoryError, PermissionError) as error:  # POSIX says EPERM where Linux says EISDIR
                if _is_directory(parent, name):
                    self._remove_directory(parent, name, depth)
                    return
                # It was a directory a moment ago: somebody has put something else in its place.
                if isinstance(error, PermissionError) or time.monotonic() > self._end:
                    raise
            else:
                return

    def _remove_directory(self, parent: int, name: str, depth: int) -> None:
        if depth >= _DEEPEST:
            self._move_up(parent, name)
            return
        while True:
            try:
                self._empty(parent, name, depth)
                os.rmdir(name, dir_fd=parent)
            except FileNotFoundError:
                return
            except OSError as error:
                # Somebody writes into it, or puts a link in its place: what counts is that it is gone in the end.
                if error.errno not in _DISTURBED or time.monotonic() > self._end:
                    raise
                self._unlink(parent, name)
            else:
                return

    def _unlink(self, parent: int, name: str) -> None:
        try:
            os.unlink(name, dir_fd=parent)
        except OSError:
            pass  # it is a directory still, or again

    def _empty(self, parent: int, name: str, depth: int) -> None:
        descriptor = _hold(parent, name)
        try:
            for each in os.listdir(descriptor):
                self.remove(descriptor, each, depth + 1)
        finally:
            os.close(descriptor)

    def _move_up(self, parent: int, name: str) -> None:
        """Put it beside what is being removed, for later."""
        fresh = f"{self._name}{len(self._moved)}"
        os.rename(name, fresh, src_dir_fd=parent, dst_dir_fd=self._top)
        self._moved.append(fresh)


def _hold(parent: int, name: str) -> int:
    """Open a directory, with all rights to what is in it: its owner may have taken them from himself."""
    try:
        descriptor = os.open(name, _OPEN, dir_fd=parent)
    except PermissionError:
        return _hold_closed(parent, name)
    status = os.fstat(descriptor)
    if status.st_uid == os.geteuid() and status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        os.fchmod(descriptor, stat.S_IRWXU)
    return descriptor


def _hold_closed(parent: int, name: str) -> int:
    handle = os.open(name, os.O_PATH | _OPEN, dir_fd=parent)
    try:
        itself = f"/proc/self/fd/{handle}"  # not by its name, which may be another directory's by now
        os.chmod(itself, stat.S_IRWXU)
        return os.open(itself, _OPEN & ~os.O_NOFOLLOW)
    finally:
        os.close(handle)


def _is_directory(parent: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False
