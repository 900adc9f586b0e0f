"""The template of PostgreSQL's data lies in the cache, whose troubles are told as such."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from metricrig._core.errors import Unavailable
from metricrig.services.postgresql import data_directory

if TYPE_CHECKING:
    from pathlib import Path


def test_a_cache_that_cannot_be_written_is_said_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a home that is read-only, with a PostgreSQL that is installed."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("METRICRIG_CACHE", str(tmp_path / "file" / "cache"))
    bench = cast("Any", SimpleNamespace(at=SimpleNamespace(identity="postgres 1", version="16.1", name="db")))
    with pytest.raises(Unavailable, match=r"cannot be written.*\n.*set METRICRIG_CACHE"):
        data_directory._template(bench, ())
