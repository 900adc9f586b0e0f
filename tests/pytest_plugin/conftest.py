"""Sessions of their own for the tests of the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.sessions import Project
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A directory for tests; when a session in it has ended, nothing is left of it."""
    for each in ("tests", "rigs"):
        (tmp_path / each).mkdir()
    fresh = Project(tmp_path / "tests", tmp_path / "rigs")
    yield fresh
    eventually(lambda: not fresh.left())
