"""The floors of the house: imports go down only, and not in circles. ARCHITECTURE.md has the picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.imports import Import, circles, folder, imports_below, imports_of

SOURCE = Path(__file__).parents[1] / "src"

FLOORS = (
    {"__main__", "errors", "pytest", "links", "storms"},
    {"cli", "pytest_plugin"},
    {"sharing", "services"},
    {"rig"},
    {"rig_faults"},
    {"rig_instances"},
    {"instance"},
    {"faults"},
    {"instance_addresses"},
    {"lifecycle"},
    {"runtimes"},
    {"logs", "ready", "service"},
    {"service_fields", "network_probes"},
    {"probe"},
    {"placement"},
    {"placeholders"},
    {"load"},
    {"tools"},
    {"relay"},
    {"janitor"},
    {"metrics", "resources", "events"},
    {"_core"},
)
"""From the roof down. A room is a folder of the library, or a module that is in none."""
FACE = "metricrig"
"""The package itself names what users import, and imports it when it is asked for."""


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def floor(module: str) -> int:
    (found,) = [number for number, rooms in enumerate(FLOORS) if room(module) in rooms]
    return found


def climbing(imports: list[Import]) -> list[str]:
    between = [each for each in imports if FACE not in (each.importer, each.imported)]
    return [
        str(each)
        for each in between
        if room(each.importer) != room(each.imported) and floor(each.imported) <= floor(each.importer)
    ]


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    return imports_below(SOURCE)


def test_imports_go_down_only(imports: list[Import]) -> None:
    """Also those that are for types, and those in functions."""
    assert len(imports) > 500
    assert climbing(imports) == []


def test_no_import_leads_in_a_circle(imports: list[Import]) -> None:
    """Within one folder types may know each other both ways."""
    counted = [each for each in imports if not (each.for_types and folder(each.importer) == folder(each.imported))]
    assert circles(each for each in counted if FACE not in (each.importer, each.imported)) == []


@pytest.mark.parametrize(
    ("text", "for_types"),
    [
        ("from metricrig.cli.output import table", False),
        ("def f():\n    import metricrig.cli.output", False),
        ("from metricrig.cli import output", False),
        ("if TYPE_CHECKING:\n    from metricrig.cli.output import table", True),
    ],
)
def test_an_import_that_climbs_is_found(text: str, *, for_types: bool) -> None:
    """However it is written."""
    found = list(imports_of("metricrig._core.errors", text, {"metricrig.cli.output", "metricrig.cli"}))
    assert found == [Import("metricrig._core.errors", "metricrig.cli.output", for_types)]
    assert climbing(found)


def test_a_circle_is_found() -> None:
    ring = [Import("a", "b", for_types=False), Import("b", "c", for_types=False), Import("c", "a", for_types=False)]
    assert circles([*ring, Import("c", "d", for_types=False)]) == [["a", "b", "c"]]
    assert circles(ring[:2]) == []
