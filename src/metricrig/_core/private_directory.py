"""A private directory is provably ours alone: held by a descriptor, and what is in it is reached below that.

A path may mean something else each time that it is used, in directories such as ``/tmp`` where everybody may put
things. A descriptor always means what was looked at. Imports nothing but ``os``: the janitor starts with it.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False  # not typing's: that alone is a tenth of the janitor's boot
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

OURS_ALONE = 0o700
FILE_MODE = 0o600

_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without waiting: to open a named pipe may take until somebody writes into it.
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class NotOurs(OSError):
    """Something that is not provably ours: it is not read, not obeyed and not removed."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"{path} is not provably yours: {why}")


class PrivateDirectory:
    """A directory that we own and nobody else may write into, for as long as it is held."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    @classmethod
    def open(cls, path: str) -> Self:
        """Hold this directory; ``NotOurs`` if it is a link, or anybody's but ours."""
        return cls._open(path, path, None)

    @classmethod
    def make(cls, path: str, mode: int = OURS_ALONE) -> Self:
        """Hold this directory, made with just this mode if there is none."""
        return cls._make(path, path, mode, None)

    @classmethod
    def _open(cls, path: str, name: str, below: int | None) -> Self:
        try:
            descriptor = os.open(name, _OPEN_DIRECTORY, dir_fd=below)
        except FileNotFoundError:
            raise
        except OSError as error:  # by its number: a link that leads nowhere, one that leads to itself, a file
            raise NotOurs(path, _what(name, below) or str(error.strerror)) from None
        if why := _foreign(os.fstat(descriptor)):
            os.close(descriptor)
            raise NotOurs(path, why)
        return cls(path, descriptor)

    @classmethod
    def _make(cls, path: str, name: str, mode: int, below: int | None) -> Self:
        try:
            os.mkdir(name, mode, dir_fd=below)
        except FileExistsError:
            return cls._open(path, name, below)
        made = cls._open(path, name, below)
        os.fchmod(made.descriptor, mode)  # the umask may have taken something away
        return made

    def enter(self, name: str) -> PrivateDirectory:
        """Hold a directory in it."""
        return self._open(f"{self.path}/{name}", name, self.descriptor)

    def make_inside(self, name: str, mode: int = OURS_ALONE) -> PrivateDirectory:
        """Hold a directory in it, made with just this mode if there is none."""
        return self._make(f"{self.path}/{name}", name, mode, self.descriptor)

    def names(self) -> list[str]:
        """Of everything in it."""
        return os.listdir(self.descriptor)

    def modified(self) -> float:
        """When something in it was last added or removed, on the wall clock."""
        return os.fstat(self.descriptor).st_mtime

    def read(self, name: str, limit: int) -> bytes:
        """A file in it, of at most so many bytes; ``NotOurs`` if it is not a plain file of ours alone."""
        path = f"{self.path}/{name}"
        try:
            descriptor = os.open(name, _OPEN_FILE, dir_fd=self.descriptor)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise NotOurs(path, _what(name, self.descriptor) or str(error.strerror)) from None
        try:
            status = os.fstat(descriptor)
            if why := _foreign(status) or _no_plain_file(status):
                raise NotOurs(path, why)
            content = _read_all(descriptor, limit + 1)
        finally:
            os.close(descriptor)
        if len(content) > limit:
            raise NotOurs(path, f"it has more than {limit} bytes, which nothing of ours has")
        return content

    def write(self, name: str, content: bytes) -> None:
        """Replace a file in it in one step, readable for us alone from its first byte."""
        write_private(name, content, below=self.descriptor)

    def create(self, name: str, content: bytes) -> None:
        """Write a new file in it, while nobody looks for it yet."""
        _create(name, content, owner=None, below=self.descriptor)

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_private(path: str, content: bytes, *, owner: tuple[int, int] | None = None, below: int | None = None) -> None:
    """Replace a file in one step, readable for its owner alone from its first byte, whatever the umask.

    A link in its place is replaced as well, and never followed.
    """
    fresh = f"{path}.{os.getpid()}-{os.urandom(3).hex()}"
    try:
        _create(fresh, content, owner=owner, below=below)
        os.rename(fresh, path, src_dir_fd=below, dst_dir_fd=below)
    except BaseException:
        try:
            os.unlink(fresh, dir_fd=below)
        except OSError:
            pass  # it has been renamed already, or never was
        raise


def _create(name: str, content: bytes, *, owner: tuple[int, int] | None, below: int | None) -> None:
    descriptor = os.open(name, _CREATE_FILE, FILE_MODE, dir_fd=below)
    try:
        os.fchmod(descriptor, FILE_MODE)  # the umask may have taken something away
        _write_all(descriptor, content)
        if owner is not None:
            os.fchown(descriptor, *owner)
    finally:
        os.close(descriptor)


def open_below(directory: os.PathLike[str], name: str, flags: int) -> int:
    """Open what lies in a directory that may be another user's, through no link that is put on the way."""
    *way, last = name.split("/")
    held = os.open(directory, _OPEN_DIRECTORY)
    try:
        for each in way:
            below = os.open(each, _OPEN_DIRECTORY, dir_fd=held)
            os.close(held)
            held = below
        return os.open(last, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=held)
    finally:
        os.close(held)


def _read_all(descriptor: int, limit: int) -> bytes:
    content = b""
    while len(content) < limit and (part := os.read(descriptor, limit - len(content))):
        content += part
    return content


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _foreign(status: os.stat_result) -> str | None:
    """Why it is not ours alone."""
    if status.st_uid != os.geteuid():
        return f"its owner is uid {status.st_uid}, and you are uid {os.geteuid()}"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write to it: its mode is {stat.filemode(status.st_mode)}"
    return None


def _no_plain_file(status: os.stat_result) -> str | None:
    if not stat.S_ISREG(status.st_mode):
        return f"it is no plain file: {stat.filemode(status.st_mode)}"
    if status.st_nlink > 1:
        return f"it has {status.st_nlink} names: somebody has made a hard link"
    return None


def _what(name: str, below: int | None) -> str | None:
    """What stands in the place of something that could not be opened, in words."""
    try:
        status = os.stat(name, dir_fd=below, follow_symlinks=False)
    except OSError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return f"it is a symbolic link, made by uid {status.st_uid}"
    return _foreign(status) or f"it is of another kind: {stat.filemode(status.st_mode)}"
