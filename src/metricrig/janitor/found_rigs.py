"""All rigs of this user, found by their directories: whose each is, and the removal of those that are nobody's."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metricrig._core.private_directory import NotOurs, PrivateDirectory
from metricrig._core.process_id import ProcessId, boot_id, pid_namespace
from metricrig.janitor import errand, leftovers, limit_mark, process_tree, rig_directory, rig_record
from metricrig.janitor.errand import Errand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from metricrig.janitor.rig_record import Record

LIVE, CLEANING, ORPHANED, LOST, KEPT, ELSEWHERE = "live", "cleaning", "orphaned", "lost", "kept", "elsewhere"
REUSABLE = "reusable"
FOREIGN = "foreign"
"""Not provably ours: it is reported, and nothing else."""
DAMAGED = "damaged"
"""Ours, with a record that cannot be believed: whose it is nobody knows."""
REAPABLE = {ORPHANED, LOST}

OLDER_VERSIONS_NEED = 60.0
"""Seconds for which a directory may be a rig's without a record: an older version makes one like that."""
REAP_TIMEOUT_SECONDS = 10.0
"""Seconds for which processes of a rig are looked for and killed before that is given up."""


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
    """When it was made, on the wall clock."""
    errand: Errand | None = None
    """What removes its containers."""
    trouble: str = ""
    """Why nothing can be said of it."""


@dataclass(frozen=True, slots=True)
class Reaped:
    """What became of a rig that nobody owned: which processes were ended, and what could not be removed."""

    rig: str
    directory: Path
    killed: tuple[int, ...]
    failure: str | None
    engine_failure: str | None = None
    """Why its containers could not be removed."""


def find(roots: Iterable[Path]) -> list[FoundRig]:
    """Every rig below these directories; a directory that is not ours is found as a whole, and not looked into."""
    found = []
    for root in dict.fromkeys(roots):
        with contextlib.suppress(FileNotFoundError):
            try:
                held = PrivateDirectory.open(str(root))
            except NotOurs as error:
                found.append(_puzzle(root, FOREIGN, str(error)))
                continue
            with held:
                found += _inside(root, held)
    return found


def _inside(root: Path, held: PrivateDirectory) -> Iterator[FoundRig]:
    for name in sorted(held.names()):
        with contextlib.suppress(FileNotFoundError):  # it was closed while we looked
            yield _read(root / name, held)


def read(directory: Path) -> FoundRig:
    """What a rig's directory says of it."""
    try:
        with PrivateDirectory.open(str(directory)) as held:
            return _judged(directory, held)
    except NotOurs as error:
        return _puzzle(directory, FOREIGN, str(error))


def _read(directory: Path, parent: PrivateDirectory) -> FoundRig:
    try:
        with parent.enter(directory.name) as held:
            return _judged(directory, held)
    except NotOurs as error:
        return _puzzle(directory, FOREIGN, str(error))


def _judged(directory: Path, held: PrivateDirectory) -> FoundRig:
    try:
        known = rig_record.parse(held.read(rig_record.FILE, rig_record.LARGEST_RECORD))
        rig = _of_record(directory, known)
    except FileNotFoundError:
        return _without_record(directory, held)
    except (NotOurs, ValueError) as error:
        work = rig_directory.work_on(directory.name)
        if isinstance(error, ValueError) and work and work[0] == rig_directory.MAKING:
            return _without_record(directory, held)  # half of it is written: nothing can run there yet
        return _puzzle(directory, DAMAGED, f"its record cannot be believed: {error}", made=held.modified())
    under_work = rig_directory.work_on(directory.name) is not None
    return replace(rig, state=_unborn(directory, rig.made)) if under_work else rig


def _without_record(directory: Path, held: PrivateDirectory) -> FoundRig:
    made = held.modified()
    return FoundRig(rig_directory.rig_of(directory.name), directory, _unborn(directory, made), None, (), made)


def _of_record(directory: Path, known: Record) -> FoundRig:
    name = rig_directory.rig_of(directory.name)
    if known["rig"] != name:
        raise ValueError(f"it speaks of {known['rig'][:100]!r}")
    services = tuple(
        FoundService(each["name"], _identity(each["process"]), each["ports"]) for each in known["services"].values()
    )
    owner, janitor = _identity(known["owner"]), _identity(known["janitor"])
    state = judge(
        known,
        boot=boot_id(),
        namespace=pid_namespace(),
        owner_alive=owner is not None and owner.alive,
        janitor_alive=janitor is not None and janitor.alive,
    )
    away = Errand.of_data(known["errand"], rig=name) if state in REAPABLE and known.get("errand") else None
    return FoundRig(name, directory, state, owner, services, float(known["made"]), away)


def _unborn(directory: Path, made: float) -> str:
    """In what state one is without a record, or that is being made or removed: its name says by whom."""
    work = rig_directory.work_on(directory.name)
    if work is None:
        return LIVE if time.time() - made < OLDER_VERSIONS_NEED else ORPHANED
    if not work[1].alive:
        return ORPHANED
    return LIVE if work[0] == rig_directory.MAKING else CLEANING


def _puzzle(directory: Path, state: str, why: str, *, made: float | None = None) -> FoundRig:
    return FoundRig(directory.name, directory, state, None, (), time.time() if made is None else made, trouble=why)


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


def reap(rig: FoundRig, *, forget_containers: bool = False) -> Reaped:
    """End what still runs of a rig, and remove its shared memory and its directory.

    As long as its containers cannot be removed all of it stays, so that its record still says where they are; unless
    they are to be forgotten.
    """
    if rig.state == FOREIGN:
        return Reaped(rig.rig, rig.directory, (), rig.trouble)
    why = errand.end(errand.begin(rig.errand)) if rig.errand else None
    if why and not forget_containers:
        return Reaped(rig.rig, rig.directory, (), f"its containers could not be removed: {why}", why)
    killed: set[int] = set()
    alive: set[int] = set()
    if rig.state != LOST:  # after a reboot, its pids are other people's, and so is what those have made
        for service in rig.services:
            if service.process is not None:
                killed |= _end(service.process)
        killed, alive = _end_survivors(rig, killed)
        known = {service.process.pid for service in rig.services if service.process}
        for segment in leftovers.orphaned_segments(killed | known):
            leftovers.remove_segment(segment)
    failure = rig_directory.remove(str(rig.directory)) if os.path.lexists(rig.directory) else None
    if alive:
        failure = f"still running: {', '.join(map(str, alive))}" + (f"; {failure}" if failure else "")
    return Reaped(rig.rig, rig.directory, tuple(sorted(killed)), failure, why)


def _end_survivors(rig: FoundRig, killed: set[int]) -> tuple[set[int], set[int]]:
    """Kill processes of this rig until there are none; returns those killed, and those still alive."""
    end = time.monotonic() + REAP_TIMEOUT_SECONDS
    while left := list(survivors(rig)):
        for each in left:
            killed |= _end(each)
        if time.monotonic() > end:
            break
    return killed, {each.pid for each in left if each.alive}


def _end(process: ProcessId) -> set[int]:
    """Kill exactly this process and everything below it; returns the pids."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (OSError, AttributeError):
        return set()
    try:
        # Looked at once more with the descriptor in hand: from here on it cannot be another process.
        if not process.alive:
            return set()
        below = process_tree.descendants(process.pid)
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    finally:
        os.close(descriptor)
    for pid in below:
        process_tree.send(pid, signal.SIGKILL)
    return {process.pid, *below}


def survivors(rig: FoundRig) -> Iterator[ProcessId]:
    """Processes that carry one of the rig's marks, or write to its logs, and still live."""
    directory, number = f"{rig.directory.resolve()}/", limit_mark.of_rig(rig.rig)
    for name in os.listdir("/proc"):
        if name.isdigit():
            pid = int(name)
            identity = ProcessId.of(pid)
            ours = (
                process_tree.mark_of(pid).startswith(f"{rig.rig}/")
                or limit_mark.rig_number(limit_mark.of_process(pid)) == number
                or process_tree.writes_below(pid, directory)
            )
            if ours and identity is not None and identity.alive:
                yield identity


def _identity(pair: list[int] | None) -> ProcessId | None:
    return ProcessId(*pair) if pair else None
