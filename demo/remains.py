"""Act 5: what a rig had, and that nothing of it is left."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from metricrig import Rig

_TABLE = Path("/proc/sysvipc/shm")


@dataclass(frozen=True, slots=True)
class Traces:
    """Everything that a running rig has on this machine."""

    processes: tuple[psutil.Process, ...]
    ports: tuple[int, ...]
    directory: Path
    segments: tuple[str, ...]

    def left(self) -> dict[str, tuple[int, list[str]]]:
        """For each kind how many there were, and which are still there."""
        return {
            "processes, by pid and start time": (len(self.processes), [str(p) for p in self.processes if _alive(p)]),
            "ports that answer": (len(self.ports), [str(port) for port in self.ports if _answers(port)]),
            "directories": (1, [str(self.directory)] if self.directory.exists() else []),
            "shared memory segments": (len(self.segments), [each for each in self.segments if each in _segments()]),
        }


def traces_of(rig: Rig) -> Traces:
    """Look while it runs. psutil remembers when a process started: another one with its pid is not it."""
    processes: list[psutil.Process] = []
    for instance in rig:
        if instance.state in {"ready", "paused"}:
            root = psutil.Process(instance.pid)
            processes += [root, *root.children(recursive=True)]
    pids = {each.pid for each in processes}
    return Traces(
        processes=tuple(processes),
        ports=tuple(port for instance in rig for port in instance.ports.values()),
        directory=rig.directory,
        segments=tuple(identifier for identifier, creator in _segments().items() if creator in pids),
    )


def _alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


def _segments() -> dict[str, int]:
    """System V shared memory: identifiers, and which process made each."""
    try:
        header, *lines = _TABLE.read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    columns = header.split()
    rows = [dict(zip(columns, line.split(), strict=False)) for line in lines]
    return {row["shmid"]: int(row["cpid"]) for row in rows}
