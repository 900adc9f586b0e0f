"""What the plugin costs a pytest run that uses nothing of it, beside the plugins of its peers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.finding import MS, Finding, Report, Target
from bench.peers import installed
from bench.rounds import interleave

if TYPE_CHECKING:
    from bench.rounds import Attempt

TARGET = Target(10, unit="ms")
ROUNDS = 30
ALONE, OURS = "pytest alone", "metricrig.pytest_plugin"
PEERS = ("pytest_redis.plugin", "pytest_postgresql.plugin", "xdist.plugin")
EMPTY = "a_plugin_that_does_nothing"
"""To look for a plugin among what is installed takes pytest some milliseconds, whatever the plugin does."""
TEST = "def test_nothing(): pass"


def run(scale: float) -> Report:
    """A run with one empty test, with each plugin and without any."""
    plugins = [OURS, EMPTY, *(each for each in PEERS if installed(each.partition(".")[0]))]
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "test_nothing.py").write_text(TEST, encoding="utf-8")
        Path(directory, f"{EMPTY}.py").touch()
        contenders: dict[str, Attempt] = {ALONE: partial(_spent, directory)}
        contenders |= {each: partial(_spent, directory, "-p", each) for each in plugins}
        timings = interleave(contenders, max(3, round(ROUNDS * scale)))
    alone = median(timings[ALONE])
    rows = [
        Finding(
            about="plugin, unused",
            who=each,
            ms=(median(timings[each]) - alone) * MS,
            target=TARGET if each == OURS else None,
            rounds=len(timings[each]),
        )
        for each in plugins
    ]
    note = f"A run of pytest alone takes {alone * MS:.0f} ms, which is subtracted."
    return Report(rows, (note, "CPU time of the whole run: starting computes and waits for nobody."))


def _spent(directory: str, *words: str) -> float:
    """Files of bytecode are written, as they are for everybody: the first run compiles, and is not counted."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=directory,
        env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime
