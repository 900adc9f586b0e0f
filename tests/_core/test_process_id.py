from __future__ import annotations

import os
import subprocess

from metricrig._core.process_id import ProcessId


def test_a_process_is_its_pid_and_its_start() -> None:
    me = ProcessId.of(os.getpid())
    assert me is not None
    assert me.alive
    assert not ProcessId(me.pid, me.start + 1).alive
    assert ProcessId.of(2**22 + 1) is None


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen(["true"])
    identity = ProcessId.of(process.pid)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert identity is not None
    assert not identity.alive
    process.wait()
