"""Disk full: no space is left on the service's own disk; every write that needs some fails with ENOSPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.amounts import in_bytes
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine import disk_write
from metricrig.faults.machine.machine_fault import MachineFault
from metricrig.runtimes import own_disk

if TYPE_CHECKING:
    from metricrig.faults.machine.victim import Victim
    from metricrig.runtimes import Running

_ROOM = 64 << 10
"""Bytes that fit again when it has healed."""


class DiskFull(MachineFault):
    """``leave`` bytes are free when it begins. What the service removes is free for it again, as on any disk."""

    kind = "disk full"
    colour = "#d35400"

    def __init__(self, victim: Victim, *, leave: int) -> None:
        super().__init__(victim)
        self.leave = leave

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"{in_bytes(self.leave) if self.leave else 'nothing'} is left on the disk of {self.victim}"

    def require(self) -> None:
        """It needs a disk of its own."""
        super().require()
        disk_write.own_disk(self._target.state)

    def _strike(self, running: Running) -> None:
        del running
        own_disk.leave_free(disk_write.own_disk(self._target.state), self.leave)

    def _proof(self) -> str:
        # What is left may be a page more than was asked for, and the service may have removed something since.
        size = self.leave + 2 * disk_write.page()
        said = disk_write.write(self._target.state, size)
        if said != disk_write.NO_SPACE:
            raise FaultWithoutEffect(
                self.name,
                expected=f"a write of {in_bytes(size)} in its directory to fail: {disk_write.NO_SPACE}",
                seen=said or "it worked",
                remedy="the service may have removed files meanwhile: try again",
            )
        return f"a write of {in_bytes(size)} in its directory fails: {said}"

    def _mend(self) -> None:
        """Also if the service has died of it: what is started next finds room."""
        if self._hit is not None:
            disk = disk_write.own_disk(self._target.state)
            disk.change(size=disk.size, read_only=own_disk.is_read_only(disk))

    def _relieve(self, running: Running) -> None:
        """All is done above."""

    def _proof_of_health(self) -> str:
        said = disk_write.write(self._target.state, _ROOM)
        if said:
            raise FaultNotHealed(
                self.name,
                expected=f"a write of {in_bytes(_ROOM)} in its directory to work",
                seen=said,
                remedy="a larger disk, if the service has filled it itself: Limits(disk=...)",
            )
        return f"a write of {in_bytes(_ROOM)} in its directory works; {super()._proof_of_health()}"

    def _recovery(self, running: Running) -> str:
        return self._target.ready_again(self.name, running)
