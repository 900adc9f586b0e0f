"""ELF programs: which ask a C library for the time, and which the kernel itself."""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path

import pytest

from metricrig.faults.machine.elf_program import asks_the_kernel


def elf(tmp_path: Path, *segments: tuple[int, bytes]) -> Path:
    """A file with a header, a table of segments, and what lies in them."""
    start = 64 + 56 * len(segments)
    header = b"\x7fELF\x02".ljust(32, b"\0") + struct.pack("=QQIHHH", 64, 0, 0, 64, 56, len(segments))
    table, contents = b"", b""
    for kind, content in segments:
        table += struct.pack("=II6Q", kind, 4, start + len(contents), 0, 0, len(content), len(content), 4)
        contents += content
    program = tmp_path / "program"
    program.write_bytes(header.ljust(64, b"\0") + table + contents)
    return program


def test_one_with_a_dynamic_linker_asks_a_library(tmp_path: Path) -> None:
    assert asks_the_kernel(elf(tmp_path, (3, b"/lib/ld.so\0"))) == ""


def test_one_without_is_static(tmp_path: Path) -> None:
    assert "linked statically" in asks_the_kernel(elf(tmp_path, (1, b"code")))


def test_one_in_go_says_so_in_a_note(tmp_path: Path) -> None:
    note = struct.pack("=III", 4, 3, 4) + b"Go\0\0id\0\0"
    assert "in Go" in asks_the_kernel(elf(tmp_path, (3, b"/lib/ld.so\0"), (4, note)))
    other = struct.pack("=III", 4, 3, 3) + b"GNU\0id\0\0"
    assert asks_the_kernel(elf(tmp_path, (3, b"/lib/ld.so\0"), (4, other))) == ""


def test_what_is_no_elf_file_is_not_known_to(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh")
    assert asks_the_kernel(script) == ""


def test_programs_of_this_machine() -> None:
    assert asks_the_kernel(Path(sys.executable)) == ""
    if (found := shutil.which("prometheus")) is None:
        pytest.skip("no Prometheus here")
    assert "kernel itself" in asks_the_kernel(Path(found))
