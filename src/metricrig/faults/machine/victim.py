"""A victim is an instance as a fault sees it: its processes, what it may be asked, and whether it is ready again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import DeadlineExceeded, Unavailable
from metricrig._core.frozen_class import frozen
from metricrig._core.process_id import ProcessId
from metricrig.faults.errors import FaultNotHealed
from metricrig.janitor.process_tree import descendants
from metricrig.lifecycle.process_wait import watch
from metricrig.lifecycle.start import probe_of

if TYPE_CHECKING:
    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.probe import Subject
    from metricrig.runtimes import Running

_LEAST_RECOVERY = 30.0
"""Seconds that a service gets at least to be ready again."""


@frozen
class Victim:
    """``subject`` is what the service's probe may ask."""

    state: InstanceState
    subject: Subject

    @property
    def name(self) -> str:
        """Its name in the rig."""
        return self.state.name

    def require_here(self, what: str) -> None:
        """Refuse what is done to processes of this machine to those of another."""
        running = self.state.running
        if running is not None and not running.here:
            raise Unavailable(
                f"{what} of {self.name}",
                reason="its processes are on another machine, where nothing of ours runs",
                remedy="run it as a process, or in a container of an engine of this machine",
            )

    def tree(self, running: Running) -> list[ProcessId]:
        """Its process and everything below it, parents before children."""
        pids = [running.pid, *descendants(running.pid)] if running.pid else []
        return [each for pid in pids if (each := ProcessId.of(pid)) is not None and each.alive]

    def ready_again(self, fault: str, running: Running) -> str:
        """What its probe says when it is ready; raises ``FaultNotHealed`` if it is not in time."""
        probe = probe_of(self.state)
        deadline = Deadline.after(max(self.state.service.start_within, _LEAST_RECOVERY))
        try:
            answer = watch(self.state, running, lambda: probe.ask(self.subject), wanted=str(probe), deadline=deadline)
        except DeadlineExceeded as error:
            raise FaultNotHealed(
                fault,
                expected=f"{self.name} ready again: {probe}",
                seen=error.seen,
                remedy=f"see what it says: {self.name}.logs.tail()",
            ) from error
        return f"it is ready: {answer.said}"
