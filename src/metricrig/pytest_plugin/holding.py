"""``--rig-hold``: a failed test's servers stay until somebody has looked at them."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from metricrig.pytest_plugin.usage import Usage


def hold(config: pytest.Config, usage: Usage, why: str) -> None:
    """Show where everything is, and wait for Enter. Ctrl-C ends the session as it always does."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    terminal: Any = config.pluginmanager.getplugin("terminalreporter")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        terminal.ensure_newline()
        terminal.write_line(f"{usage.test} failed: {why.strip().splitlines()[0] if why.strip() else ''}", red=True)
        for each in usage.instances():
            url = f" {each.url}" if each.service.ports else ""
            terminal.write_line(f"  {each.name} {each.state}{url}  {each.dir}")
        terminal.write("held; press Enter to go on ")
        terminal.flush()
        sys.stdin.readline()
