"""Sessions of their own for the tests of the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.sessions import Project, project_in
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
