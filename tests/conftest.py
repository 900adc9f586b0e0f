"""Fixtures for every room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from metricrig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from metricrig.events import Event


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody has set for his own work must not change what the tests see."""
    for name in list(os.environ):
        if name.startswith("METRICRIG_") and name != "METRICRIG_CACHE":
            monkeypatch.delenv(name)


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A fresh rig; when it is closed, its directory has to be gone."""
    with Rig("test") as fresh:
        yield fresh
    assert not fresh.directory.exists()


@pytest.fixture
def happened(rig: Rig) -> list[Event]:
    """Every event of the rig, as it comes."""
    events: list[Event] = []
    rig.events.subscribe(events.append)
    return events


@pytest.fixture
def foreign_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root directory for rigs that no other test looks at."""
    monkeypatch.setenv("METRICRIG_DATA", str(tmp_path))
    return tmp_path
