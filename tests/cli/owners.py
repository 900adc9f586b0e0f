"""Processes with rigs, and what the command said."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.waiting import eventually

_OWNER = """
import sys
from metricrig import Rig, Service
from metricrig.janitor.client import janitor
from metricrig.services import Redis

with Rig(sys.argv[1]) as rig:
    redis, sleep = rig.add(Redis()), rig.add(Service(name="sleep", command=["sleep", "1000"]))
    rig.start()
    print(rig.id, rig.directory, janitor().pid, redis.pid, sleep.pid, redis.port, flush=True)
    sys.stdin.read()
"""

_COMMAND = """
import os, pathlib
from metricrig.cli import main
if "METRICRIG_DATA" in os.environ:
    from metricrig.runtimes import data_root
    data_root.SHARED_MEMORY = pathlib.Path(os.environ["METRICRIG_DATA"])
main()
"""


def command(*words: str) -> list[str]:
    """The command as a program of its own; in a test with a place for its rigs, it looks there and nowhere else."""
    return [sys.executable, "-W", "error", "-c", _COMMAND, *words]


@dataclass(frozen=True, slots=True)
class Said:
    """What the command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Owner:
    """Another process with a rig: a Redis and a sleeper."""

    process: subprocess.Popen[str]
    rig: str
    directory: Path
    janitor: int
    redis: int
    sleep: int
    port: int

    def abandon(self) -> None:
        """Kill the janitor, then its owner: nobody is left to clean up."""
        os.kill(self.janitor, signal.SIGKILL)
        self.process.kill()
        self.process.wait(30)

    def end(self) -> None:
        """Let it close its rig, if it still can, and make sure that nothing of it stays."""
        with contextlib.suppress(OSError):
            self.process.communicate("", timeout=250)
        for pid in (self.redis, self.sleep):
            if runs(pid):
                os.kill(pid, signal.SIGKILL)


def start_owner(name: str) -> Owner:
    """Start a process with a rig; returns when the rig's record is complete."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OWNER, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    rig, directory, *numbers = process.stdout.readline().split()
    started = Owner(process, rig, Path(directory), *map(int, numbers))
    record = started.directory / "rig.json"
    # The janitor writes the record after it has answered.
    eventually(lambda: record.exists() and len(json.loads(record.read_text())["services"]) == 2)
    return started


def runs(pid: int) -> bool:
    """Whether such a process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False
