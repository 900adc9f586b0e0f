"""The search for the program that a command names, on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metricrig.tools import Executable


def find_program(word: str, environment: Mapping[str, str], executable: Executable | None) -> str:
    """The path of a program: as given, beside the service's own, on the service's PATH, or beside this Python.

    The first is for psql of this PostgreSQL, the last for ``.venv/bin/pytest`` called without activating the
    environment.
    """
    if os.sep in word:
        return word
    if executable is not None and executable.beside(word).is_file():
        return str(executable.beside(word))
    import shutil  # noqa: PLC0415 - its import takes 2.5 ms, and a tool of the catalogue needs no search

    path = environment.get("PATH", os.defpath)
    found = shutil.which(word, path=path) or shutil.which(word, path=str(Path(sys.executable).parent))
    if found is None:
        raise Unavailable(
            f"the program {word!r}",
            reason=f"it is not on PATH ({path}), nor beside {sys.executable}",
            remedy="install it, or give its whole path, or describe where it comes from: Service(tool=Tool(...))",
        )
    return found
