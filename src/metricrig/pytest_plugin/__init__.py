"""The pytest plugin: real servers as fixtures, shared by all tests, isolated for each, honest when they die.

Loaded in every pytest run of whoever has metricrig installed: what is imported here is paid by all of them, so the
rig, the stores and the clients are imported when a fixture asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig.pytest_plugin import report_hooks, runtest_hooks, xdist
from metricrig.pytest_plugin.fixtures import fixtures
from metricrig.pytest_plugin.options import add_options, settings_of
from metricrig.pytest_plugin.rigs import rig, rig_quick, session_rig
from metricrig.pytest_plugin.session import SESSION, Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

__all__ = ["rig", "rig_quick", "session_rig"]

globals().update(fixtures())  # pytest takes for fixtures what stands in the module


def pytest_addoption(parser: pytest.Parser) -> None:
    """The command line and the ini file."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make the session's memory; nothing is started."""
    config.addinivalue_line(
        "markers",
        "needs(*what): skip this test, with reason and remedy, unless the machine has all of these: a tool of the"
        ' catalogue with or without a version ("redis", "prometheus>=3"), or "proc", "pidfd", "memory", "user".'
        " In strict mode it fails instead.",
    )
    config.addinivalue_line("markers", "thorough: leave this test out when --rig-quick is given.")
    session = Session(settings_of(config), xdist.seat_of(config), config)
    config.stash[SESSION] = session
    config.pluginmanager.register(runtest_hooks.Running(session), "metricrig-running")
    config.pluginmanager.register(report_hooks.Reporting(session, config), "metricrig-reporting")
    if not session.seat.worker:
        config.pluginmanager.register(xdist.Controller(session), "metricrig-controller")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is thorough, when it is to be quick."""
    if config.stash[SESSION].settings.quick:
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in set(left_out)]


def pytest_assertrepr_compare(op: str, left: Any, right: Any) -> Sequence[str] | None:
    """Answers of a store beside what was expected, label by label."""
    homes = ("metricrig.metrics.results", "metricrig.metrics.expect")
    if op == "==" and any(type(each).__module__.startswith(homes) for each in (left, right)):
        from metricrig.pytest_plugin.assertion_diff import explained  # noqa: PLC0415 - only who has a result needs it

        return explained(left, right)
    return None
