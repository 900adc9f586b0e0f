"""Read-only disk: nothing can be written to the service's own disk; every attempt fails with EROFS."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine import disk_write
from metricrig.faults.machine.machine_fault import MachineFault

if TYPE_CHECKING:
    from metricrig.runtimes import Running


class ReadOnlyDisk(MachineFault):
    """The kernel makes no file system read-only on which files are open for writing, and says so."""

    kind = "disk read-only"
    colour = "#b9770e"

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"nothing can be written to the disk of {self.victim}"

    def require(self) -> None:
        """It needs a disk of its own."""
        super().require()
        disk_write.own_disk(self._target.state)

    def _inflict(self) -> None:
        """Also to one that does not run: started within the block, it finds its disk so."""
        if self._target.state.running is None:
            self._hit = None
            self._make(read_only=True)
        else:
            super()._inflict()

    def _strike(self, running: Running) -> None:
        del running
        self._make(read_only=True)

    def _make(self, *, read_only: bool) -> None:
        disk = disk_write.own_disk(self._target.state)
        try:
            disk.change(size=disk.size, read_only=read_only)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            raise Unavailable(
                self.name,
                reason="it has files open for writing on its disk, and the kernel makes no such disk read-only",
                remedy=f"start it on such a disk: {self.victim}.stop(), and {self.victim}.start() within the block;"
                f" or have its writes fail with ENOSPC: {self.victim}.disk_full()",
            ) from error

    def _proof(self) -> str:
        said = disk_write.write(self._target.state, 1)
        if said != disk_write.READ_ONLY:
            raise FaultWithoutEffect(
                self.name,
                expected=f"a write in its directory to fail: {disk_write.READ_ONLY}",
                seen=said or "it worked",
            )
        return f"a write in its directory fails: {said}"

    def _mend(self) -> None:
        """Whether the service lives or not."""
        self._make(read_only=False)

    def _relieve(self, running: Running) -> None:
        """All is done above."""

    def _proof_of_health(self) -> str:
        if said := disk_write.write(self._target.state, 1):
            raise FaultNotHealed(self.name, expected="a write in its directory to work", seen=said)
        return f"a write in its directory works; {self._of_service()}"

    def _of_service(self) -> str:
        if self._hit is not None:
            return super()._proof_of_health()
        return "its service was not running when this began"

    def _recovery(self, running: Running) -> str:
        return self._target.ready_again(self.name, running)
