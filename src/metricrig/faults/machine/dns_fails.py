"""DNS fails: a service in a container finds no name any more; what has an address already goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError, Unavailable
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine.machine_fault import MachineFault
from metricrig.lifecycle.side_command import run_beside
from metricrig.runtimes.runtime_names import PROCESS

if TYPE_CHECKING:
    from metricrig.faults.machine.victim import Victim
    from metricrig.runtimes import Running

_WITHIN = 60.0
_NOWHERE = "nameserver 127.254.254.254\noptions timeout:1 attempts:1\n"
"""Nobody listens there, and the kernel says so at once."""


class DnsFails(MachineFault):
    """Its ``/etc/resolv.conf``, which is a file of its container alone, names a server that is not there."""

    kind = "dns fails"
    colour = "#5d6d7e"

    def __init__(self, victim: Victim) -> None:
        super().__init__(victim)
        self._before: str | None = None

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"{self.victim} finds no name"

    def require(self) -> None:
        """It has to be in a container of this machine, whose files we may change."""
        super().require()
        if self._target.state.runtime.name == PROCESS:
            raise Unavailable(
                self.name,
                reason="a process of this machine shares its resolver with all others",
                remedy='run it in a container: Rig(runtime="docker"); or cut the way to it: rig.link(...).cut()',
            )
        self._target.require_here("the resolver")

    def _strike(self, running: Running) -> None:
        self._before = None
        if said := self._asked():
            raise Unavailable(
                self.name,
                reason=f"it finds no name without this fault either: {said}",
                remedy="a container in a network with names, and an image with getent",
            )
        file = _resolver(running)
        try:
            before = file.read_text(encoding="utf-8")
            file.write_text(_NOWHERE, encoding="utf-8")  # in its place: it is mounted into the container
        except OSError as error:
            raise Unavailable(
                self.name,
                reason=f"its /etc/resolv.conf cannot be changed: {error.strerror}",
                remedy="run the tests as root, beside the engine",
            ) from error
        self._before = before

    def _asked(self) -> str:
        """Its own name, asked as it would itself; empty if that was found, else what went wrong."""
        own = self._target.state.name
        try:
            done = run_beside(self._target.state, ["getent", "hosts", own], within=_WITHIN, check=False)
        except MetricrigError as error:
            return str(error).splitlines()[0]
        return "" if done.status == 0 else f"getent hosts {own} exited with {done.status} {done.err.strip()}".strip()

    def _proof(self) -> str:
        if not (said := self._asked()):
            raise FaultWithoutEffect(self.name, expected="its own name not to be found", seen="it was found")
        return f"its own name is not found: {said}"

    def _relieve(self, running: Running) -> None:
        if self._before is not None:
            _resolver(running).write_text(self._before, encoding="utf-8")

    def _recovery(self, running: Running) -> str:
        if said := self._asked():
            raise FaultNotHealed(self.name, expected="its own name to be found", seen=said)
        return f"its own name is found; {self._ready(running)}"


def _resolver(running: Running) -> Path:
    return Path(f"/proc/{running.pid}/root/etc/resolv.conf")
