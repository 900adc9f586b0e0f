"""A mark in a resource limit: all that a service starts inherits it, in any session and with an empty environment too.

The limit is how long a process of a real-time class may run without a pause. It is set to 146,000 years and a number,
which limits nobody; a process escapes being found only if it sets this limit itself. Linux only.
"""

from __future__ import annotations

import ctypes
import sys

_RLIMIT_RTTIME = 15
_LINE = b"Max realtime timeout"
_MARKED = 1 << 62
"""In microseconds: so far away that no other program asks for it."""
_SPAWNS = 16
"""Bits that tell the commands of a rig from one another."""
_RIG_BITS = 44
_UNLIMITED = (1 << 64) - 1


def of_rig(rig: str) -> int:
    """The part of the mark that all processes of a rig have in common."""
    number = 0xCBF29CE484222325
    for byte in rig.encode():  # FNV-1a: hashlib is 2 ms of the janitor's boot
        number = (number ^ byte) * 0x100000001B3 & _UNLIMITED
    return number >> (64 - _RIG_BITS)


def of_spawn(rig: str, spawn: int) -> int:
    """The mark of one command of a rig, and of everything that comes of it."""
    return _MARKED | of_rig(rig) << _SPAWNS | spawn % (1 << _SPAWNS)


def rig_number(mark: int) -> int | None:
    """The rig's part of a mark; None if it is none."""
    return mark >> _SPAWNS & (1 << _RIG_BITS) - 1 if mark & _MARKED else None


def of_process(pid: int) -> int:
    """The mark of a process; 0 if it has none. Its environment may be unreadable to us, its limits are not."""
    try:
        with open(f"/proc/{pid}/limits", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return 0
    soft = next((line[len(_LINE) :].split()[0] for line in lines if line.startswith(_LINE)), b"")
    number = int(soft) if soft.isdigit() else 0
    return number if number & _MARKED and number < _MARKED << 1 else 0


class Inherited:
    """A block in which everything that is started gets this mark, where the system allows that."""

    def __init__(self, mark: int) -> None:
        self._mark = mark
        self._limits = (ctypes.c_ulong * 2)()
        self._before: int | None = None

    def __enter__(self) -> None:
        if not sys.platform.startswith("linux"):
            return
        library = ctypes.CDLL(None)
        if library.getrlimit(_RLIMIT_RTTIME, self._limits) == 0 and self._mark <= self._limits[1]:
            self._before = self._limits[0]
            self._limits[0] = self._mark
            library.setrlimit(_RLIMIT_RTTIME, self._limits)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            self._limits[0] = self._before
            ctypes.CDLL(None).setrlimit(_RLIMIT_RTTIME, self._limits)
