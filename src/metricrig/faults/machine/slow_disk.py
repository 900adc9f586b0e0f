"""Slow disk: a service reads and writes the disk that its directory lies on only so many bytes a second."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core import control_groups
from metricrig._core.amounts import in_bytes
from metricrig._core.errors import Unavailable
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine.disk_group import DiskGroup, disk_of
from metricrig.faults.machine.machine_fault import MachineFault
from metricrig.runtimes.runtime_names import PROCESS

if TYPE_CHECKING:
    from metricrig.faults.machine.victim import Victim
    from metricrig.runtimes import Running

_PROOF_SECONDS = 0.5
"""How long the write takes that proves it."""
_ENOUGH = 0.7
"""The part of that which is seen at least: the kernel lets a little pass before it begins to count."""
_WITHIN = 60.0
_SCRIPT = 'echo $$ > "$1/cgroup.procs" && exec dd if=/dev/zero of="$2" bs="$3" count=1 conv=fsync'
_NAME = ".slow-write"


class SlowDisk(MachineFault):
    """By a control group: what the system keeps in memory of the disk is as fast as ever, as with any slow disk."""

    kind = "slow disk"
    colour = "#ca6f1e"

    def __init__(self, victim: Victim, *, rate: int) -> None:
        super().__init__(victim)
        self.rate = rate
        self._group: DiskGroup | None = None

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"{self.victim} reads and writes its disk with {in_bytes(self.rate)} a second"

    def require(self) -> None:
        """It has to be a process, and its directory on a disk."""
        super().require()
        self._target.require_here("the disk")
        if self._target.state.runtime.name != PROCESS:
            raise Unavailable(
                self.name,
                reason="an engine puts its containers into groups of its own, out of which nothing of ours takes them",
                remedy="run it as a process",
            )
        self._disk()

    def _disk(self) -> str:
        directory = self._target.state.directory
        found = disk_of(directory)
        if found is None:
            raise Unavailable(
                self.name,
                reason=f"{directory} lies on no disk: it is in memory, or on what several disks make up",
                remedy='Rig(data="disk"), or METRICRIG_DATA with a directory on a disk; and no Limits(disk=...)',
            )
        return found

    def _strike(self, running: Running) -> None:
        state = self._target.state
        self._group = DiskGroup.made(
            f"{state.rig}-{self.victim}-disk",
            pid=running.pid,
            device=self._disk(),
            rate=self.rate,
            note=state.site.beside(f".disk{control_groups.NOTE}"),
        )
        if self._group is None:
            raise Unavailable(
                self.name,
                reason="no control group for disks can be made here, or it takes no limit for this disk",
                remedy="run the tests as root, or where the group above theirs is yours and shares out 'io'",
            )
        self._group.take(lambda: self._pids(running))

    def _pids(self, running: Running) -> set[int]:
        return {each.pid for each in self._target.tree(running)}

    def _proof(self) -> str:
        assert self._group is not None  # noqa: S101 - it has been made
        outside, limits = self._pids(self.hit) - self._group.members, self._group.limits(self._disk())
        size = max(1, int(self.rate * _PROOF_SECONDS))
        took = self._write(self._group, size)
        if outside or limits != {str(self.rate)} or took < _PROOF_SECONDS * _ENOUGH:
            raise FaultWithoutEffect(
                self.name,
                expected=f"all of it in a group with {self.rate} bytes a second, where writing {in_bytes(size)}"
                f" takes {_PROOF_SECONDS} s",
                seen=f"outside: {sorted(outside)}; bytes a second: {sorted(limits)}; it took {took:.2f} s",
            )
        return f"all of it is in a control group, where writing {in_bytes(size)} to its directory took {took:.2f} s"

    def _write(self, group: DiskGroup, size: int) -> float:
        """How many seconds it takes in this group until so much is on the disk."""
        path = self._target.state.site.beside(_NAME)  # on the same disk, and no file of the service's
        began = time.monotonic()
        try:
            done = subprocess.run(
                ["sh", "-c", _SCRIPT, "sh", str(group.path), str(path), str(size)],
                check=False,
                capture_output=True,
                text=True,
                timeout=_WITHIN,
            )
        finally:
            took = time.monotonic() - began
            Path(path).unlink(missing_ok=True)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            raise Unavailable(
                self.name, reason=f"what would prove it failed: {said}", remedy="a machine with sh and dd"
            )
        return took

    def _mend(self) -> None:
        """Also if the service has died of it."""
        if self._group is not None:
            self._group.remove()
        super()._mend()

    def _relieve(self, running: Running) -> None:
        """All is done above."""

    def _recovery(self, running: Running) -> str:
        if self._group is not None and (inside := self._pids(running) & self._group.members):
            raise FaultNotHealed(self.name, expected="none of it in the control group", seen=f"there: {sorted(inside)}")
        return f"none of it is in the control group, which is gone; {self._ready(running)}"
