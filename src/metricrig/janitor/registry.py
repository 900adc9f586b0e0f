"""All rigs of this user, from the records in their directories: whose they are, and reaping those that are nobody's."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.processes import ProcessId, boot_id, pid_namespace
from metricrig.janitor import errand, family, sweep
from metricrig.janitor.record import FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from metricrig.janitor.record import Record

LIVE, CLEANING, ORPHANED, LOST, KEPT, ELSEWHERE = "live", "cleaning", "orphaned", "lost", "kept", "elsewhere"
REUSABLE = "reusable"
REAPABLE = {ORPHANED, LOST}

_BEING_BORN = 60.0
"""A directory without a record may belong to a rig that is just being made."""
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class FoundService:
    """A service as its rig's record knows it."""

    name: str
    process: ProcessId | None
    ports: dict[str, int]

    @property
    def alive(self) -> bool:
        """Whether exactly this process is running."""
        return self.process is not None and self.process.alive


@dataclass(frozen=True, slots=True)
class FoundRig:
    """A rig's directory and what its record says."""

    rig: str
    directory: Path
    state: str
    owner: ProcessId | None
    services: tuple[FoundService, ...]
    made: float
    """When, on the wall clock."""
    errand: tuple[str, ...] = ()
    """The command that removes what it has elsewhere."""


@dataclass(frozen=True, slots=True)
class Reaped:
    """What became of a rig that nobody owned: which processes were ended, and what could not be removed."""

    rig: str
    directory: Path
    killed: tuple[int, ...]
    failure: str | None


def find(roots: Iterable[Path]) -> list[FoundRig]:
    """Every rig below these directories."""
    found = []
    for root in dict.fromkeys(roots):
        for directory in _directories(root):
            with contextlib.suppress(FileNotFoundError):  # it was closed while we looked
                found.append(read(directory))
    return found


def _directories(root: Path) -> list[Path]:
    try:
        return [each for each in sorted(root.iterdir()) if each.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def read(directory: Path) -> FoundRig:
    """What a rig's directory says of it."""
    changed = directory.stat().st_mtime
    record: Record | None = None
    with contextlib.suppress(OSError, ValueError):
        record = json.loads((directory / FILE).read_text(encoding="utf-8"))
    if record is None:
        state = ORPHANED if time.time() - changed > _BEING_BORN else LIVE
        return FoundRig(directory.name, directory, state, None, (), changed)
    services = tuple(
        FoundService(each["name"], _identity(each["process"]), each["ports"]) for each in record["services"].values()
    )
    owner, janitor = _identity(record["owner"]), _identity(record["janitor"])
    state = judge(
        record,
        boot=boot_id(),
        namespace=pid_namespace(),
        owner_alive=owner is not None and owner.alive,
        janitor_alive=janitor is not None and janitor.alive,
    )
    away = tuple(record.get("errand") or ())  # older versions had none
    return FoundRig(record["rig"], directory, state, owner, services, record["made"], away)


def judge(record: Record, *, boot: str, namespace: str, owner_alive: bool, janitor_alive: bool) -> str:
    """In what state a rig is. Only an "orphaned" or a "lost" one is nobody's."""
    if record["kept"]:
        return KEPT
    if record["boot"] != boot:
        return LOST
    if record["pid_namespace"] != namespace:
        return ELSEWHERE  # a container that shares the directory: its pids mean nothing here
    if owner_alive:
        return LIVE
    if not janitor_alive:
        return ORPHANED
    return CLEANING if record["owner"] else REUSABLE  # one without an owner waits for the next test run


def reap(rig: FoundRig) -> Reaped:
    """End what still runs of a rig, and remove its shared memory and its directory."""
    if rig.errand and (why := errand.end(errand.begin(rig.errand))):
        return Reaped(rig.rig, rig.directory, (), f"what it has elsewhere could not be removed: {why}")
    killed: set[int] = set()
    end = time.monotonic() + _PATIENCE
    if rig.state != LOST:  # after a reboot, its pids are other people's
        for service in rig.services:
            if service.process is not None:
                killed |= _end(service.process)
        while (left := set(_survivors(rig))) and time.monotonic() < end:
            for pid in left:
                family.kill_orphan(pid)
            killed |= left
    # Pids of before a reboot are other people's, and so is what those have made.
    dead = set() if rig.state == LOST else {service.process.pid for service in rig.services if service.process}
    for segment in sweep.orphaned_segments(killed | dead):
        sweep.remove_segment(segment)
    failure = sweep.remove_tree(str(rig.directory))
    if rig.state != LOST and (alive := list(_survivors(rig))):
        failure = f"still running: {', '.join(map(str, alive))}" + (f"; {failure}" if failure else "")
    return Reaped(rig.rig, rig.directory, tuple(sorted(killed)), failure)


def _end(process: ProcessId) -> set[int]:
    """Kill exactly this process and everything below it; says whom."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (OSError, AttributeError):
        return set()
    try:
        # Looked at once more with the descriptor in hand: from here on it cannot be another process.
        if not process.alive:
            return set()
        below = family.descendants(process.pid)
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    finally:
        os.close(descriptor)
    for pid in below:
        family.send(pid, signal.SIGKILL)
    return {process.pid, *below}


def _survivors(rig: FoundRig) -> Iterator[int]:
    """Processes that carry the rig's mark, or write to its logs, and still live."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            pid = int(name)
            identity = ProcessId.of(pid)
            ours = family.mark_of(pid).startswith(f"{rig.rig}/") or family.writes_below(pid, f"{rig.directory}/")
            if ours and identity is not None and identity.alive:
                yield pid


def _identity(pair: list[int] | None) -> ProcessId | None:
    return ProcessId(*pair) if pair else None
