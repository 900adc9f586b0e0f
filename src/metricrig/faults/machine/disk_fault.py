"""What faults of a service's own disk have in common: whether the service runs does not matter to a disk."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from metricrig.faults.machine import disk_write
from metricrig.faults.machine.machine_fault import MachineFault

if TYPE_CHECKING:
    from metricrig.runtimes import Running
    from metricrig.runtimes.own_disk import OwnDisk


class DiskFault(MachineFault):
    """Also for a service that does not run: started within the block, it finds its disk so."""

    @property
    def disk(self) -> OwnDisk:
        """The disk that it changes."""
        return disk_write.own_disk(self._target.state)

    @abstractmethod
    def _spoil(self) -> None:
        """Do to the disk what is to be done."""

    @abstractmethod
    def _restore(self) -> None:
        """Take it back; fine if it was never done."""

    @abstractmethod
    def _proof_of_writing(self) -> str:
        """That it can be written to again; raises ``FaultNotHealed`` if not."""

    def require(self) -> None:
        """It needs a disk of its own."""
        super().require()
        disk_write.own_disk(self._target.state)

    def _inflict(self) -> None:
        if self._target.state.running is None:
            self._target.state.require_open()
            self._hit = None
            self._spoil()
        else:
            super()._inflict()

    def _strike(self, running: Running) -> None:
        del running
        self._spoil()

    def _mend(self) -> None:
        """Also if the service has died of it: what is started next finds it well."""
        self._restore()

    def _relieve(self, running: Running) -> None:
        """All is done above."""

    def _proof_of_health(self) -> str:
        writes = self._proof_of_writing()
        if self._hit is not None:
            return f"{writes}; {super()._proof_of_health()}"
        return f"{writes}; {self._target.name} did not run when it began"

    def _recovery(self, running: Running) -> str:
        return self._ready(running)
