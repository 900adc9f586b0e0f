"""The directory that all rigs of a user lie in: ``metricrig-UID``, in a place where others may put things too."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable, UsageError
from metricrig._core.private_directory import NotOurs, PrivateDirectory

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE = 0o700
_PASSABLE = 0o711
"""Root's: a service that runs as somebody else has to get through, though not look around."""


def name() -> str:
    """What it is called."""
    return f"metricrig-{os.geteuid()}"


def mode() -> int:
    """The permissions of directories on the way to an instance's own."""
    return _PASSABLE if os.geteuid() == 0 else _PRIVATE


def hold(base: Path) -> PrivateDirectory:
    """The one in this place, made if there is none; ``Unavailable`` if it is not ours alone."""
    path = str(base / name())
    umask = _umask()
    if umask & stat.S_IRWXU:
        raise UsageError(
            f"the umask is {umask:04o}: it takes away your own rights to every file that you make\n"
            "  what to do: umask 077 before the tests, or os.umask(0o077) in them"
        )
    try:
        return _held(str(base), path)
    except OSError as error:
        raise Unavailable(
            f"the directory {path}",
            reason=error.why if isinstance(error, NotOurs) else str(error),
            remedy="have it removed, or set METRICRIG_DATA to a directory of your own",
        ) from None


def _held(base: str, path: str) -> PrivateDirectory:
    try:
        held = PrivateDirectory.open(path)  # as a rule it is there
    except FileNotFoundError:
        os.makedirs(base, exist_ok=True)
        held = PrivateDirectory.make(path, mode())
    try:
        _require_sticky(base)
    except OSError:
        held.close()
        raise
    return held


def _require_sticky(base: str) -> None:
    """Where everybody may rename everything, no path means what it meant a moment ago."""
    found = os.stat(base).st_mode
    if found & stat.S_IWOTH and not found & stat.S_ISVTX:
        raise NotOurs(base, f"everybody may rename what is in {base}: its mode is {stat.filemode(found)}")


def _umask() -> int:
    """The umask, read without changing it, which other threads would notice; 0 where it cannot be read."""
    try:
        descriptor = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        said = os.read(descriptor, 200).partition(b"\nUmask:")[2]  # the second line
    finally:
        os.close(descriptor)
    return int(said.split()[0], 8) if said else 0
