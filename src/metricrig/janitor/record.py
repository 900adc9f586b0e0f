"""``rig.json``: what a rig's directory says about who owns it and what runs in it.

The janitor writes it; ``metricrig ps`` and ``metricrig clean`` read it, also when janitor and owner are long dead.
It lies inside the directory it speaks of, so there is never one without the other.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

from metricrig._core.processes import ProcessId, boot_id, pid_namespace

FILE = "rig.json"
Record = dict[str, Any]


_here: dict[str, Any] = {}


def blank(rig: str, directory: str, owner: ProcessId | None) -> Record:
    """The record of a rig in which nothing runs yet."""
    if not _here:  # read once: the next order may already wait
        janitor = _identity(ProcessId.of(os.getpid()))
        _here.update(janitor=janitor, boot=boot_id(), pid_namespace=pid_namespace())
    return {
        "rig": rig,
        "directory": directory,
        "owner": _identity(owner),
        **_here,
        "made": time.time(),
        "kept": False,
        "errand": None,
        "services": {},
    }


def service(name: str, pid: int, argv: list[str], ports: dict[str, int]) -> Record:
    """The part of a record that speaks of one running service."""
    return {"name": name, "process": _identity(ProcessId.of(pid)), "argv": argv, "ports": ports}


def write(record: Record) -> None:
    """Write a record into its directory in one step; a directory that is gone needs none."""
    import json  # noqa: PLC0415 - 3 ms that the janitor need not spend before it can start anything

    path = f"{record['directory']}/{FILE}"
    with contextlib.suppress(OSError):
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(json.dumps(record))  # json.dump would not use the encoder that is written in C
        os.replace(f"{path}.new", path)


def _identity(process: ProcessId | None) -> list[int] | None:
    return [process.pid, process.start] if process else None
