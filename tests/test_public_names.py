"""What users may import: these lists are the promise, and the documentation uses nothing else."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[1]
PUBLIC = {
    "metricrig": """
        CommandFailed DeadlineExceeded Fixed FunctionFailed Image Instance Limits MetricrigError Placement PortTaken Rig
        Service ServiceDied StartFailed Timeline Tool ToolUnavailable Unavailable UsageError events load matches metric
        not_ not_matches ready wait_for
        """,
    "metricrig.errors": """
        BadPage Broken CommandFailed DeadlineExceeded FaultNotHealed FaultWithoutEffect FunctionFailed InvalidRun
        JanitorLost JanitorUnresponsive MetricrigError NoChange NotInTime NotOneSample PartialAnswer PortTaken RelayLost
        PostgreSQLError QueryFailed SamplesLost ScrapeFailed ServiceDied StartFailed
        SteadyStateUnknown SteadyStateViolated
        ToolUnavailable Unavailable Unkeepable Unreachable UsageError WriteRejected WriteUncertain
        """,
    "metricrig.load": """
        Benchmark InvalidRun LoadInterrupted Rate Run background benchmark closed_loop http merge op open_loop poisson
        ramp request steps weighted
        """,
    "metricrig.metrics": """
        Block Counter Endpoint Engine Expression Gauge Histogram Ingested Matrix Metadata Metrics Page PrometheusStore
        Promql Sample Series Summary Timeline Vector VictoriaMetricsStore assert_label_exists matches metric not_
        not_matches payload read wait_for
        """,
    "metricrig.links": "DatagramLink FreeLink Link link_to",
    "metricrig.pytest": "isolated service",
    "metricrig.storms": "Fault PlannedFault Storm StormPlan plans shortened",
    "metricrig.tools": """
        DebianPackage Executable GoModule Image Installed Prospect Release Tool Wheel installed obtain survey
        """,
}
OPEN = {"metricrig.events", "metricrig.services"}
"""These grow with what happens and with the catalogue; ``__all__`` of each is the list."""
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def imported(text: str) -> Iterator[tuple[str, str]]:
    """Each name that Python code takes from the library, and from where."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "metricrig":
            yield from ((node.module, each.name) for each in node.names)
        elif isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names if each.name.startswith("metricrig"))


def is_public(module: str, name: str) -> bool:
    return module in {*PUBLIC, *OPEN} and (not name or name in importlib.import_module(module).__all__)


def examples(kind: str) -> list[Path]:
    """Files of the examples, without those of their environments."""
    return [each for each in (REPOSITORY / "examples").rglob(kind) if ".venv" not in each.parts]


def written() -> Iterator[tuple[Path, str]]:
    for page in [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md"), *examples("*.md")]:
        yield from ((page, code) for code in FENCE.findall(page.read_text(encoding="utf-8")))
    yield from ((each, each.read_text(encoding="utf-8")) for each in examples("*.py"))


@pytest.mark.parametrize("module", PUBLIC)
def test_the_list_of_a_module_is_what_was_promised(module: str) -> None:
    names = importlib.import_module(module).__all__
    assert sorted(names) == sorted(PUBLIC[module].split())
    assert all(getattr(importlib.import_module(module), each) is not None for each in names)


@pytest.mark.parametrize("module", sorted(OPEN))
def test_every_name_that_is_listed_is_there(module: str) -> None:
    found = importlib.import_module(module)
    assert found.__all__
    assert all(hasattr(found, each) for each in found.__all__)


def test_documentation_and_examples_import_nothing_private() -> None:
    private = {
        f"{path.relative_to(REPOSITORY)}: from {module} import {name}"
        for path, text in written()
        for module, name in imported(text)
        if not is_public(module, name)
    }
    assert private == set()


@pytest.mark.parametrize(
    "text", ["from metricrig._core.errors import UsageError", "import metricrig.rig", "from metricrig import nothing"]
)
def test_what_is_private_is_noticed(text: str) -> None:
    ((module, name),) = imported(text)
    assert not is_public(module, name)
