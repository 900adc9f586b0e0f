"""Little CPU: a service gets a share of a processor only, of a control group or, where none can be made, in turns."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core import control_groups
from metricrig._core.deadlines import Deadline
from metricrig._core.errors import Unavailable
from metricrig._core.process_id import ProcessId, state_of
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine.cpu_group import CpuGroup
from metricrig.faults.machine.machine_fault import MachineFault
from metricrig.janitor.child import Order
from metricrig.janitor.client import janitor
from metricrig.janitor.process_tree import send_to_tree
from metricrig.lifecycle.instance_state import PAUSED
from metricrig.runtimes.runtime_names import PROCESS

if TYPE_CHECKING:
    from metricrig.faults.machine.victim import Victim
    from metricrig.runtimes import Running

_PROGRAM = str(Path(__file__).with_name("duty_cycle.py"))
_SEEN_WITHIN = 30.0
"""Seconds in which it is seen to be stopped, and to run: many times what that takes."""
_ENDS_WITHIN = 10.0
"""Seconds in which the cycle ends when it is asked to; else it is killed."""
_LOOK_SECONDS = 0.001
"""Between two looks: its turns are milliseconds long."""


class LittleCpu(MachineFault):
    """A control group does it where one can be made; else a process of ours stops it and lets it go on in turns."""

    kind = "little cpu"
    colour = "#7d8c1f"

    def __init__(self, victim: Victim, *, share: float) -> None:
        super().__init__(victim)
        self.share = share
        self._cycle: Running | None = None
        self._group: CpuGroup | None = None

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"{self.victim} gets {self.share:.0%} of a processor"

    def require(self) -> None:
        """Its processes have to be of this machine."""
        super().require()
        self._target.require_here("the processor time")

    def _strike(self, running: Running) -> None:
        identity = ProcessId.of(running.pid)
        if identity is None:
            raise FaultWithoutEffect(self.name, expected="a process to slow down", seen="it has ended")
        self._group = self._made_group(identity.pid)
        if self._group is not None:
            self._group.take(lambda: self._pids(running))
        else:
            self._start_cycle(identity)

    def _made_group(self, pid: int) -> CpuGroup | None:
        """For processes of ours: an engine has groups of its own for its containers."""
        state = self._target.state
        if state.runtime.name != PROCESS:
            return None
        note = state.site.beside(control_groups.NOTE)
        return CpuGroup.made(f"{state.rig}-{self.victim}", pid=pid, share=self.share, note=note)

    def _pids(self, running: Running) -> set[int]:
        return {each.pid for each in self._target.tree(running)}

    def _start_cycle(self, identity: ProcessId) -> None:
        self._require_signals(identity.pid)
        site = self._target.state.site
        order = Order(
            rig=self._target.state.rig,
            name=f"{self.victim}.cycle",
            argv=[sys.executable, "-I", "-S", _PROGRAM, str(identity.pid), str(identity.start), str(self.share)],
            cwd=Path("/"),
            env=dict(os.environ),
            out=site.beside(".cycle"),
            stop_signal=signal.SIGTERM,
            service=False,
        )
        self._cycle = janitor().spawn(order)
        self._target.state.cycles.append(self._cycle)

    def _require_signals(self, pid: int) -> None:
        try:
            os.kill(pid, 0)
        except PermissionError as error:
            raise Unavailable(
                self.name,
                reason=f"pid {pid} is another user's, and you may not stop it",
                remedy="run the tests as root or as that user, or the service as a process",
            ) from error

    def _proof(self) -> str:
        if self._group is not None:
            return self._proof_of_group(self._group)
        if not self._sees({"T"}) or not self._sees({"R", "S", "D"}):
            raise FaultWithoutEffect(
                self.name, expected="it stopped, and running, in turns", seen=f"state {state_of(self.hit.pid)}"
            )
        return (
            f"pid {self.hit.pid} and everything below it is stopped {1 - self.share:.0%} of the time,"
            " by SIGSTOP and SIGCONT in turns"
        )

    def _proof_of_group(self, group: CpuGroup) -> str:
        outside = self._pids(self.hit) - group.members
        if outside or not group.given:
            raise FaultWithoutEffect(
                self.name,
                expected=f"all of its processes in the control group {group.path}, and a limit there",
                seen=f"outside: {sorted(outside)}; given there: {group.given or 'as much as it wants'}",
            )
        return f"pid {self.hit.pid} and everything below it is in a control group, which gives it {group.given}"

    def _sees(self, states: set[str]) -> bool:
        deadline = Deadline.after(_SEEN_WITHIN)
        while deadline.remaining and not self.hit.gone:
            if state_of(self.hit.pid) in states:
                return True
            time.sleep(_LOOK_SECONDS)
        return False

    def _mend(self) -> None:
        cycle, self._cycle = self._cycle, None
        if cycle is not None:
            self._target.state.cycles.remove(cycle)
            if self._target.state.phase != PAUSED:  # else it is stopped itself, and so has its victim to stay
                cycle.signal(signal.SIGTERM)
                cycle.exited.wait(_ENDS_WITHIN)
            cycle.collect()
        if self._group is not None:  # also if the service has died of it
            self._group.remove()
        super()._mend()

    def _relieve(self, running: Running) -> None:
        if self._target.state.phase != PAUSED:
            send_to_tree(running.pid, signal.SIGCONT)  # should the cycle have been killed in between

    def _recovery(self, running: Running) -> str:
        if self._group is not None and (inside := self._pids(running) & self._group.members):
            raise FaultNotHealed(self.name, expected="none of it in the control group", seen=f"there: {sorted(inside)}")
        if self._target.state.phase == PAUSED:
            return "it is paused, and nothing else stops it"
        stopped = [each.pid for each in self._target.tree(running) if state_of(each.pid) == "T"]
        if stopped:
            raise FaultNotHealed(self.name, expected="its processes running", seen=f"stopped: {stopped}")
        return self._ready(running)
