"""Read-only disk: nothing can be written to the service's own disk; every attempt fails with EROFS."""

from __future__ import annotations

import errno

from metricrig._core.errors import Unavailable
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine import disk_write
from metricrig.faults.machine.disk_fault import DiskFault


class ReadOnlyDisk(DiskFault):
    """The kernel makes no file system read-only on which files are open for writing, and says so."""

    kind = "disk read-only"
    colour = "#b9770e"

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"nothing can be written to the disk of {self.victim}"

    def _spoil(self) -> None:
        try:
            self.disk.change(size=self.disk.size, read_only=True)
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

    def _restore(self) -> None:
        self.disk.change(size=self.disk.size, read_only=False)

    def _proof_of_writing(self) -> str:
        if said := disk_write.write(self._target.state, 1):
            raise FaultNotHealed(self.name, expected="a write in its directory to work", seen=said)
        return "a write in its directory works"
