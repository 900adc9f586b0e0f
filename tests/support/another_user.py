"""A second local user: programs that run as somebody who is neither us nor whom servers run as."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from typing import Any

import pytest

STRANGER = 54321
"""A uid that no account has: neither root nor the user that servers switch to."""

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start programs as another user")


def as_stranger(code: str, *words: str) -> str:
    """Run a Python program as the stranger; what it has printed."""
    command = [_python(), "-I", "-S", "-c", code, *words]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, **_stranger()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start_as_stranger(code: str, *words: str, uid: int = STRANGER) -> subprocess.Popen[str]:
    """The same beside other things; as another one still, if a program wants him to have a name."""
    command = [_python(), "-I", "-S", "-c", code, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **_stranger(uid))


def _stranger(uid: int = STRANGER) -> dict[str, Any]:
    return {"user": uid, "group": uid, "extra_groups": [], "cwd": "/"}


@functools.cache
def _python() -> str:
    """One that the stranger may run: ours may lie in a home that is closed to him."""
    for each in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            subprocess.run([each, "-I", "-S", "-c", "import os"], check=True, capture_output=True, **_stranger())
        except (OSError, subprocess.CalledProcessError):
            continue
        return each
    pytest.skip("no Python here that another user may run")
