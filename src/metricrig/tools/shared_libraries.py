"""Shared libraries that an unpacked program lacks on this machine, and the packages that bring them."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

from metricrig.tools.lookup_command import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from metricrig.tools.lookup_command import Run

LDD_WITHIN = 30.0


def lacking(programs: Iterable[Path], libraries: Sequence[Path] = (), run: Run = run) -> list[str]:
    """The libraries that the dynamic linker does not find; none for a static program."""
    if shutil.which("ldd") is None:
        return []
    env = {"LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries))} if libraries else {}
    names: dict[str, None] = {}
    for program in programs:
        outcome = run(["ldd", program], within=LDD_WITHIN, env=env)
        names.update(dict.fromkeys(re.findall(r"^\s*(\S+) => not found", outcome.stdout, re.MULTILINE)))
    return list(names)


def directories_of_libraries(tree: Path) -> list[Path]:
    """The system's library directories inside a tree, such as ``usr/lib/x86_64-linux-gnu``."""
    found = {
        path.parent for pattern in ("lib/*-linux-*/*.so*", "usr/lib/*-linux-*/*.so*") for path in tree.glob(pattern)
    }
    return sorted(found)


def bringing(libraries: Sequence[str], packages: Sequence[str]) -> list[str]:
    """Of these packages, those that are named after the libraries; all library packages if some are not.

    Debian names them by rule: ``liblzf.so.1`` is in ``liblzf1``, ``libevent-2.1.so.7`` in ``libevent-2.1-7``, and
    those rebuilt for 64-bit time have ``t64`` behind it.
    """
    chosen: list[str] = []
    for library in libraries:
        expected = package_of(library)
        named = [each for each in packages if each in {expected, f"{expected}t64"}]
        if not named:
            return [each for each in packages if each.startswith("lib")]
        chosen += named
    return list(dict.fromkeys(chosen))


def package_of(library: str) -> str:
    """The package that Debian's rule names for a library."""
    stem, _, number = library.partition(".so.")
    dash = "-" if stem[-1:].isdigit() else ""
    return f"{stem}{dash}{number}".lower().replace("_", "-")
