from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from support.programs import python

from metricrig import Rig, ready
from metricrig.pytest_plugin import failure_report


def test_what_a_server_has_said_does_not_command_the_terminal_of_a_report(rig: Rig) -> None:
    code = r"print('\x1b]0;owned\x07\x1b[2J done', flush=True); time.sleep(1000)"
    instance = rig.add(python("x", code, ready=ready.log("done")))
    rig.start()
    servers_used: Any = SimpleNamespace(instances=lambda: [instance], before={}, closed=[], full=True)
    ((title, text),) = failure_report.sections(servers_used)
    assert title == "metricrig: x"
    assert "\x1b" not in text
    assert r"  \x1b]0;owned\x07\x1b[2J done" in text
