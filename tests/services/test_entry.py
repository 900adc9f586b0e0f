"""The catalogue's table: what it says follows from the services' own files."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import metricrig.services
from metricrig.services import CATALOGUE
from metricrig.services.entry import CatalogueEntry

REPOSITORY = Path(__file__).parents[2]


def test_it_is_up_to_date() -> None:
    """If this fails: make catalogue."""
    check = [sys.executable, str(REPOSITORY / "scripts" / "write_catalogue.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_outdated_one_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))
    write_catalogue = importlib.import_module("write_catalogue")
    found = write_catalogue.entries()
    assert found == list(CATALOGUE)
    assert "".join(write_catalogue.lines(found[1:])) != "".join(write_catalogue.lines(found))


@pytest.mark.parametrize("entry", CATALOGUE, ids=[each.module for each in CATALOGUE])
def test_every_name_can_be_imported_and_every_service_is_documented(entry: CatalogueEntry) -> None:
    for name in entry.names:
        assert getattr(metricrig.services, name) is entry.load(name)
    assert f"`{entry.service}(" in (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_no_service_is_imported_for_the_fixtures() -> None:
    code = "import sys, metricrig.pytest_plugin as plugin; assert plugin.redis_server; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not [
        each for each in loaded if each.startswith("metricrig.services.") and each != "metricrig.services.entry"
    ]
