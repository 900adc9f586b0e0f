"""The pytest plugin: real servers as fixtures, shared by all tests, isolated for each, and reported when they die.

Loaded in every pytest run of whoever has metricrig installed: what is imported here is paid by all of them, so the
rig, the stores and the clients are imported when a fixture asks.

One test, step by step:

1. ``options`` reads the command line, ``session`` remembers; nothing is started. (``pytest_configure``)
2. ``fixtures`` has ``rig``, and two fixtures for each service of the catalogue; ``factories`` makes those of users.
3. A test begins: ``live_fixtures`` has pytest make anew what has died since. (``runtest_hooks``)
4. It asks for ``redis``, and so for ``redis_server``: ``session_servers`` starts the server, finds the one that another
   worker has started (``sharing``), or attaches to somebody else's.
5. ``server_usage`` notes how the server is now, and that this test uses it.
6. ``factories.isolated`` gives the test its own part, and takes it back after the test.
7. A server dies: ``event_handlers`` hear of it, ``server_usage`` ends the test in whatever it is blocked
   (``interrupt``).
8. A failure gets its servers' side: ``failure_report``, ``log_excerpt``, ``secret_masks``, ``github_annotations``.
9. What was paused goes on, before the next one uses it.
10. The session ends: ``session_servers`` lets go, ``xdist`` lets the controller be the last, ``leaks`` closes what
    nobody closed, ``summary`` says what happened.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

# pytest reads the source of every module that a plugin imports, to rewrite assertions in it: 2.2 million instructions
# each (pytest 9.2), as much as importing it twice. We have none to explain, so ours are imported as Python does it.
_rewriting: object = __spec__.loader
_finders = sys.meta_path[:]
sys.meta_path[:] = [each for each in _finders if each is not _rewriting]
try:
    from metricrig.pytest_plugin import report_hooks, runtest_hooks
    from metricrig.pytest_plugin.fixtures import (
        rig,
        rig_benchmark,
        rig_chaos_seed,
        rig_quick,
        service_fixtures,
        session_rig,
    )
    from metricrig.pytest_plugin.options import add_options, settings_of
    from metricrig.pytest_plugin.session import SESSION, Session
finally:
    sys.meta_path[:] = _finders

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

__all__ = ["rig", "rig_benchmark", "rig_chaos_seed", "rig_quick", "session_rig"]

globals().update(service_fixtures())  # pytest takes for fixtures what stands in the module


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
    session = Session(settings_of(config), config)
    config.stash[SESSION] = session
    config.pluginmanager.register(runtest_hooks.RuntestHooks(session), "metricrig-running")
    config.pluginmanager.register(report_hooks.ReportHooks(session, config), "metricrig-reporting")
    if hasattr(config.hook, "pytest_configure_node") and not hasattr(config, "workerinput"):
        from metricrig.pytest_plugin import xdist  # noqa: PLC0415 - only where it is installed

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
