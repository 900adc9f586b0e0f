"""Sessions of their own for the tests of the plugin."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.sessions import Project, project_in
from support.suites import Runs
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A directory for tests; when a session in it has ended, nothing is left of it."""
    with project_in(tmp_path) as fresh:
        yield fresh
        eventually(lambda: not fresh.left())


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Runs a suite; the same suite once, whichever worker asks for it first."""
    base = tmp_path_factory.getbasetemp()
    return Runs(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
