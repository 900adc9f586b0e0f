"""The real command, and processes with rigs for it to find."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli.owners import Owner, Said, start_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def metricrig() -> Callable[..., Said]:
    """Run the command as people do: as a program of its own."""

    def run(*words: str, **env: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "metricrig", *words],
            capture_output=True,
            text=True,
            env={**os.environ, **env},
            timeout=250,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Owner]]:
    """Start processes with rigs, below a directory that only this test's commands look into too."""
    monkeypatch.setenv("METRICRIG_DATA", str(tmp_path))
    started: list[Owner] = []

    def start(name: str) -> Owner:
        started.append(start_owner(name))
        return started[-1]

    yield start
    for each in started:
        each.end()
