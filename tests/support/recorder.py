"""A plugin of the sessions under test: writes every report, as JSON, into the file that RECORD names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A line for each phase of each test."""
    facts = {
        "test": report.nodeid.rpartition("::")[2],
        "when": report.when,
        "outcome": report.outcome,
        "seconds": report.duration,
        "why": report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext,
        "sections": report.sections,
    }
    with Path(os.environ["RECORD"]).open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(facts)}\n")
