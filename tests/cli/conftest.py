"""The real command, and processes with rigs for it to find."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from cli.owners import Owner, Said, command, start_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def metricrig() -> Callable[..., Said]:
    """Run the command as people do: as a program of its own."""

    def run(*words: str, **env: str) -> Said:
        done = subprocess.run(
            command(*words),
            capture_output=True,
            text=True,
            env={**os.environ, **env},
            timeout=250,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def owner(foreign_root: Path) -> Iterator[Callable[[str], Owner]]:
    """Start processes with rigs, below a directory that only this test's commands look into too."""
    del foreign_root
    started: list[Owner] = []

    def start(name: str) -> Owner:
        started.append(start_owner(name))
        return started[-1]

    yield start
    for each in started:
        each.end()
