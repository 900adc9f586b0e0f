"""``--rig-hold``: a failed test's servers stay until somebody has looked at them."""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from metricrig.pytest_plugin.server_usage import ServersOfTest


_LOOK_AGAIN_SECONDS = 0.2


def hold(config: pytest.Config, servers_used: ServersOfTest, why: str) -> None:
    """Show where everything is, and wait for Enter. Ctrl-C ends the session as it always does."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    terminal: Any = config.pluginmanager.getplugin("terminalreporter")
    if capture is not None:
        capture.suspend_global_capture(in_=True)  # until the next phase, in which pytest resumes it
    terminal.ensure_newline()
    terminal.write_line(f"{servers_used.test} failed: {why.strip().splitlines()[0] if why.strip() else ''}", red=True)
    for each in servers_used.instances():
        url = f" {each.url}" if each.service.ports else ""
        terminal.write_line(f"  {each.name} {each.state}{url}  {each.dir}")
    terminal.write("held; press Enter to go on ")
    terminal.flush()
    # A Ctrl-C that comes just before a read begins is noticed only after it: so nothing is read that is not there yet.
    while not select.select([sys.stdin], [], [], _LOOK_AGAIN_SECONDS)[0]:
        pass
    if not sys.stdin.readline():
        terminal.write_line("(not held: the input has ended, nobody can press Enter)")
