"""Where a data directory cannot lie is told when the server is added, not when it has failed to start."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from metricrig import Rig, UsageError
from metricrig.services import PostgreSQL


def test_a_path_that_is_too_long_for_a_socket_is_refused_at_once_with_the_way_out() -> None:
    with tempfile.TemporaryDirectory() as place, Rig("long", data=_deep(Path(place))) as rig:
        with pytest.raises(UsageError, match=r"(?s)the system takes 107: .*METRICRIG_DATA"):
            rig.add(PostgreSQL())
        assert "postgresql" not in rig


def _deep(place: Path) -> Path:
    """A place with a long path, passable for whom the server runs as."""
    deep = place / ("d" * 200)
    deep.mkdir()
    for each in (place, deep):
        each.chmod(0o711)
    return deep
