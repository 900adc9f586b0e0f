"""A Python that has Locust, in an environment of its own: its plugin for pytest is not wanted in ours."""

from __future__ import annotations

import subprocess
import sys

import pytest
from filelock import FileLock

from metricrig._core.cache_directory import cache_root

VERSION = "2.47.0"


@pytest.fixture(scope="session")
def locust_python() -> str:
    """Made once on a machine, like the tools."""
    home = cache_root() / "tests" / f"locust-{VERSION}-{sys.version_info[0]}.{sys.version_info[1]}"
    python = home / "bin" / "python"
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not (home / "complete").exists():
            subprocess.run([sys.executable, "-m", "venv", home], check=True)
            command = [
                str(python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                f"locust=={VERSION}",
            ]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode:
                pytest.skip(f"Locust cannot be installed here: {made.stderr.strip()[-300:]}")
            (home / "complete").touch()
    return str(python)
