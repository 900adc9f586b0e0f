"""Disconnected: a container whose network has been taken from it, as an engine does that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine.machine_fault import MachineFault

if TYPE_CHECKING:
    from metricrig.runtimes import Disconnects, Running


class Disconnected(MachineFault):
    """It goes on, and reaches nobody; nobody reaches it, whatever way they take."""

    kind = "disconnected"
    colour = "#b91c1c"

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"{self.victim} is in no network: it reaches nobody, and nobody reaches it"

    def require(self) -> None:
        """It has to be a container with a network of its own, on this machine."""
        super().require()
        running = self._target.state.running
        if running is None:
            return  # refused when it is to be done
        self._target.require_here("the network")
        network = getattr(running, "network", None)
        if network is None or not network.private:
            raise Unavailable(
                f"a disconnected {self.victim}",
                reason="it shares this machine's network, which cannot be taken from it alone",
                remedy='run it in containers, Rig(runtime="docker"), or cut the link that leads to it: rig.link(...)',
            )

    def _strike(self, running: Running) -> None:
        _network(running).disconnect()

    def _proof(self) -> str:
        found = _network(self.hit).interfaces
        if found or _network(self.hit).connected:
            seen = f"it has {', '.join(sorted(found)) or 'a network, by the word of its engine'}"
            raise FaultWithoutEffect(self.name, expected="no interface but its own loopback", seen=seen)
        return "it has no interface but its own loopback"

    def _relieve(self, running: Running) -> None:
        _network(running).connect()

    def _recovery(self, running: Running) -> str:
        if not (found := _network(running).interfaces):
            raise FaultNotHealed(self.name, expected="the interface of its network", seen="its own loopback alone")
        return f"it has {', '.join(sorted(found))}; {self._ready(running)}"


def _network(running: Running) -> Disconnects:
    network: Disconnects = running.network  # type: ignore[attr-defined]  # of a container, which has been required
    return network
