"""Annotations for GitHub Actions: a failed test that used servers is shown beside its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

_OURS = "metricrig: "


def annotation(report: pytest.TestReport) -> list[str]:
    """A workflow command, for a test that used servers; for others that is other plugins' business."""
    servers = [(title.removeprefix(_OURS), text) for title, text in report.sections if title.startswith(_OURS)]
    if not servers:
        return []
    path, line, _ = report.location
    what = [_reason(report), *(text.splitlines()[0] for _, text in servers)]
    where = f"file={_property(path)},line={(line or 0) + 1},title={_property(report.nodeid)}"
    return [f"::error {where}::{_data(chr(10).join(what))}"]


def _reason(report: pytest.TestReport) -> str:
    """What was raised; pytest's own last line says only where."""
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message) if crash is not None else str(report.longreprtext).strip()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
