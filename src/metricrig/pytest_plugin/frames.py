"""Frames of a traceback that a failed test's report need not show: ours, when what was raised is an error of ours."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

_OURS = "metricrig"
_MACHINERY = {_OURS, "_pytest", "pluggy", "pytest", "contextlib", "xdist"}


def without_ours(trace: TracebackType | None) -> TracebackType | None:
    """It ends where the user's own code has called us: what he wrote is last."""
    steps = list(_steps(trace))
    while steps and _home(steps[-1]) == _OURS:
        steps.pop()
    if not any(_is_users(each) for each in steps):
        return trace
    shorter: TracebackType | None = None
    for each in reversed(steps):
        shorter = TracebackType(shorter, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return shorter


def shorten(report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """An error of ours in the set-up of our own fixtures has no line of the user's to show: only what it says."""
    raised = call.excinfo
    if raised is None or not isinstance(raised.value, MetricrigError):
        return
    if not any(_is_users(each) for each in _steps(raised.tb)):
        report.longrepr = raised.getrepr(style="value")


def _steps(trace: TracebackType | None) -> Iterable[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _is_users(step: TracebackType) -> bool:
    return _home(step) not in _MACHINERY


def _home(step: TracebackType) -> str:
    return str(step.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
