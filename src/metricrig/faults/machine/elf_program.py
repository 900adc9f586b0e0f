"""An ELF program: whether it asks a C library for the time, which can tell it another, or the kernel itself."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"\x7fELF\x02"
"""Of 64 bits."""
_INTERPRETER, _NOTE = 3, 4
"""Kinds of a program's segments: the name of its dynamic linker, and notes of who has built it."""
_NOTE_OF_GO = struct.pack("=I", 4) + b"Go\0\0"
"""Kind and name of the note with the build id of a Go program."""


def asks_the_kernel(program: Path) -> str:
    """Why it does; empty if it does not, or is no such file."""
    with program.open("rb") as opened:
        header = opened.read(64)
        if not header.startswith(_MAGIC):
            return ""
        (table,) = struct.unpack_from("=Q", header, 32)
        size, count = struct.unpack_from("=HH", header, 54)
        opened.seek(table)
        entries = [opened.read(size) for _ in range(count)]
        kinds = [struct.unpack_from("=I", each)[0] for each in entries]
        for kind, entry in zip(kinds, entries, strict=True):
            offset, _, _, length = struct.unpack_from("=4Q", entry, 8)
            opened.seek(offset)
            if kind == _NOTE and _NOTE_OF_GO in opened.read(length):
                return "it is written in Go, which asks the kernel itself"
    return "" if _INTERPRETER in kinds else "it is linked statically, and asks the kernel itself"
