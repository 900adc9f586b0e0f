"""Finding the program that a command names."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from metricrig._core.errors import Unavailable


def find_program(word: str, environment: dict[str, str]) -> str:
    """The path of a program: as given, on the service's PATH, or beside this Python.

    The last is for ``.venv/bin/pytest`` called without activating the environment.
    """
    if os.sep in word:
        return word
    path = environment.get("PATH", os.defpath)
    found = shutil.which(word, path=path) or shutil.which(word, path=str(Path(sys.executable).parent))
    if found is None:
        raise Unavailable(
            f"the program {word!r}",
            reason=f"it is not on PATH ({path}), nor beside {sys.executable}",
            remedy="install it, or give its whole path, or describe where it comes from: Service(tool=Tool(...))",
        )
    return found
