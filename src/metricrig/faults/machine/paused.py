"""Paused: alive, its connections open, and answering nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine.machine_fault import MachineFault
from metricrig.lifecycle import stop
from metricrig.lifecycle.instance_state import PAUSED

if TYPE_CHECKING:
    from metricrig.runtimes import Running


class Paused(MachineFault):
    """All processes of a service are stopped: the kernel still accepts connections for it."""

    kind = "paused"
    colour = "#8e6bbf"

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"{self.victim} is stopped: its connections stay open, and nobody answers"

    def require(self) -> None:
        """It has to be one that goes on."""
        super().require()
        if self._target.state.phase == PAUSED:
            raise UsageError(f"{self.victim} is paused already; a second time means nothing")

    def _strike(self, running: Running) -> None:
        del running
        stop.pause(self._target.state)

    def _proof(self) -> str:
        if not self.hit.frozen:
            raise FaultWithoutEffect(
                self.name, expected="each of its processes stopped", seen="one of them is not, or it has ended"
            )
        return f"pid {self.hit.pid} and everything below it is stopped"

    def _relieve(self, running: Running) -> None:
        if self._target.state.running is running and self._target.state.phase == PAUSED:
            stop.resume(self._target.state)

    def _recovery(self, running: Running) -> str:
        if running.frozen:
            raise FaultNotHealed(
                self.name,
                expected="its processes running",
                seen="all of them are stopped",
                remedy=f"somebody else may have stopped them: {self.victim}.resume()",
            )
        return self._ready(running)
