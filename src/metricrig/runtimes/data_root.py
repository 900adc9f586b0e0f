"""The file system that a rig's directory lies on: memory where that is safe, else disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable, UsageError
from metricrig._core.process_id import ProcessId
from metricrig.janitor import rig_directory, rig_record
from metricrig.janitor.client import janitor
from metricrig.janitor.errors import JanitorLost
from metricrig.placement import shared_in
from metricrig.runtimes import user_directory

if TYPE_CHECKING:
    from metricrig._core.private_directory import PrivateDirectory
    from metricrig.janitor.client import Janitor

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a private directory is made in it
LEAST_FREE = 512 << 20
"""Docker gives a container 64 MB of shared memory: too small to be a disk."""
LEAST_SPARE_MEMORY = 1 << 30


@dataclass(frozen=True, slots=True)
class MemoryDisk:
    """What is known of the machine's memory file system."""

    present: bool
    free: int
    spare_memory: int

    def refusal(self) -> str | None:
        """Why it should not hold data directories; None if it may."""
        if not self.present:
            return f"{SHARED_MEMORY} is not a memory file system that we can write to"
        if self.free < LEAST_FREE:
            return f"{SHARED_MEMORY} has only {self.free >> 20} MiB free, {LEAST_FREE >> 20} are needed"
        if self.spare_memory < LEAST_SPARE_MEMORY:
            return f"only {self.spare_memory >> 20} MiB of memory are to spare, {LEAST_SPARE_MEMORY >> 20} are needed"
        return None


def memory_disk() -> MemoryDisk:
    """Look at this machine."""
    present = os.access(SHARED_MEMORY, os.W_OK | os.X_OK) and _is_memory(SHARED_MEMORY)
    free = _free(SHARED_MEMORY) if present else 0
    return MemoryDisk(present=present, free=free, spare_memory=_spare_memory())


def _free(directory: Path) -> int:
    facts = os.statvfs(directory)
    return facts.f_bavail * facts.f_frsize


def _usual_directory() -> Path:
    """Where temporary files go."""
    import tempfile  # noqa: PLC0415 - its import, with shutil's, is 4 ms of a first start, which has no need of it

    return Path(tempfile.gettempdir())


def roots() -> list[Path]:
    """Every directory of this user's that rigs may lie in: where ``metricrig ps`` looks."""
    chosen = os.environ.get("METRICRIG_DATA", "")
    bases = [SHARED_MEMORY, _usual_directory(), *([Path(chosen)] if chosen.startswith("/") else [])]
    return [base / user_directory.name() for base in bases]


def root_for(data: str | Path) -> Path:
    """The directory in which to make a rig's, for "auto", "tmpfs", "disk" or a path; ours alone."""
    with _held_root(data) as held:
        return Path(held.path)


def _held_root(data: str | Path) -> PrivateDirectory:
    if isinstance(data, Path) or data.startswith("/"):
        return user_directory.hold(Path(data).absolute())  # the janitor, who removes it, works elsewhere
    if data not in {"auto", "tmpfs", "disk"}:
        raise UsageError(f'data is "auto", "tmpfs", "disk" or an absolute path, not {data!r}')
    refusal = memory_disk().refusal() if data != "disk" else "disk was asked for"
    if data == "tmpfs" and refusal:
        raise Unavailable("data on tmpfs", reason=refusal, remedy='use data="disk", or enlarge the file system')
    return user_directory.hold(_usual_directory() if refusal else SHARED_MEMORY)


def open_directory(rig: str, data: str | Path) -> tuple[Path, Janitor]:
    """A rig's directory, and the janitor who removes it with this process, whatever happens."""
    with _held_root(data) as root:
        directory, ours = Path(root.path) / rig, janitor()
        owner = ProcessId.of(os.getpid())
        first = rig_record.blank(rig, owner=owner, janitor=ProcessId.of(ours.pid))
        with ours.opening_rig(rig, directory, first):
            rig_directory.make(root, rig, first, maker=owner, mode=user_directory.mode(), furnish=_furnish)
            if not ours.alive:  # it was killed just now, and will not remove it
                rig_directory.remove(str(directory))
                raise JanitorLost(f"the janitor (pid {ours.pid}) was killed while {directory} was made")
    return directory, ours


def _furnish(directory: PrivateDirectory) -> None:
    directory.make_inside(shared_in(Path()).name, user_directory.mode()).close()


def close_directory(ours: Janitor, rig: str, directory: Path, *, keep: bool) -> None:
    """Have a rig's directory removed, or left to people."""
    try:
        why = ours.close_rig(rig, keep=keep)
    except JanitorLost:
        # The janitor was killed: this process removes it itself. Those who waited for the janitor have got an error.
        from metricrig.janitor import found_rigs  # noqa: PLC0415 - 8 ms that nobody else has to spend

        found = found_rigs.read(directory)
        why = found_rigs.reap(found).failure
    if why is not None:
        raise OSError(f"{directory} could not be removed: {why}")


def _is_memory(path: Path) -> bool:
    """Whether a memory file system is mounted there."""
    # Each line has a device, a place and a kind, with one space between and none within.
    return f" {path} tmpfs ".encode() in _told(Path("/proc/self/mounts"))


def _spare_memory() -> int:
    """Bytes that can be had without swapping."""
    said = _told(Path("/proc/meminfo")).partition(b"MemAvailable:")[2]
    return int(said.split(maxsplit=1)[0]) << 10 if said else 0


def _told(file: Path) -> bytes:
    """What the kernel writes there; nothing where there is no such file. Unbuffered and undecoded: each rig asks."""
    try:
        with file.open("rb", buffering=0) as opened:
            return opened.read()
    except OSError:
        return b""
