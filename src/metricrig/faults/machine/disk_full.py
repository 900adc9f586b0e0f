"""Disk full: no space is left on the service's own disk; every write that needs some fails with ENOSPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.amounts import in_bytes
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine import disk_write
from metricrig.faults.machine.disk_fault import DiskFault
from metricrig.runtimes import own_disk

if TYPE_CHECKING:
    from metricrig.faults.machine.victim import Victim

_ROOM = 64 << 10
"""Bytes that fit again when it has healed."""
_ATTEMPTS = 5
"""How often it is filled again where the service has removed something meanwhile."""


class DiskFull(DiskFault):
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

    def _spoil(self) -> None:
        own_disk.leave_free(self.disk, self.leave)

    def _proof(self) -> str:
        size = self.leave + 2 * disk_write.page()  # what is left may be a page more than was asked for
        said = ""
        for _ in range(_ATTEMPTS):
            said = disk_write.write(self._target.state, size)
            if said == disk_write.NO_SPACE:
                return f"a write of {in_bytes(size)} in its directory fails: {said}"
            self._spoil()
        raise FaultWithoutEffect(
            self.name,
            expected=f"a write of {in_bytes(size)} in its directory to fail: {disk_write.NO_SPACE}",
            seen=said or "it worked",
            remedy="the service may go on removing files: fill its disk when it has done with that",
        )

    def _restore(self) -> None:
        self.disk.change(size=self.disk.size, read_only=own_disk.is_read_only(self.disk))

    def _proof_of_writing(self) -> str:
        said = disk_write.write(self._target.state, _ROOM)
        if said:
            raise FaultNotHealed(
                self.name,
                expected=f"a write of {in_bytes(_ROOM)} in its directory to work",
                seen=said,
                remedy="a larger disk, if the service has filled it itself: Limits(disk=...)",
            )
        return f"a write of {in_bytes(_ROOM)} in its directory works"
