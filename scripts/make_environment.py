"""Make a virtual environment with pip in it, on a machine that may have nothing but Python.

Debian's Python comes without ``ensurepip`` unless python3-venv is installed; where it has pip, virtualenv is borrowed.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NEWEST_TOO_OLD = (3, 10)


def main(target: str) -> int:
    """Make it, or say in one line what is missing."""
    if sys.version_info[:2] <= NEWEST_TOO_OLD:
        return complain(
            f"metricrig needs Python 3.11 or newer, this is {sys.version.split()[0]}: make PYTHON=python3.12"
        )
    if importlib.util.find_spec("ensurepip"):
        return run(sys.executable, "-m", "venv", target)
    if importlib.util.find_spec("pip"):
        return with_virtualenv(target)
    return complain("this Python has neither ensurepip nor pip: apt-get install python3-venv (or your system's like)")


def with_virtualenv(target: str) -> int:
    """Install virtualenv into a temporary directory and use it from there."""
    with tempfile.TemporaryDirectory() as folder:
        status = run(sys.executable, "-m", "pip", "install", "--quiet", "virtualenv", "--target", folder)
        return status or subprocess.call(
            [sys.executable, "-m", "virtualenv", "--quiet", target], env={"PYTHONPATH": folder}
        )


def run(*words: str) -> int:
    """Run a command; one that fails leaves no half of an environment."""
    status = subprocess.call(words)
    if status:
        shutil.rmtree(Path(words[-1]), ignore_errors=True)
    return status


def complain(text: str) -> int:
    """Say what is missing."""
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
