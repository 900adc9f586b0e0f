"""A second Gunicorn master: its workers, and signals to it and to them."""

from __future__ import annotations

import os
import select
import signal as signals

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import DeadlineExceeded
from metricrig._core.process_id import ProcessId
from metricrig.services.gunicorn import process_tree


class Master:
    """The second master of a server that is being upgraded (SIGUSR2): it serves the same port beside the first."""

    def __init__(self, pid: int, *, first: int) -> None:
        self.pid = pid
        self._first = first
        self._identity = ProcessId.of(pid)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._identity is not None and self._identity.alive

    @property
    def workers(self) -> tuple[int, ...]:
        """The pids of its workers that are at work, the eldest first."""
        return process_tree.children(self.pid, process_tree.WORKER) if self.alive else ()

    def signal(self, number: int | signals.Signals) -> None:
        """Send it a signal."""
        process_tree.signal_child(self._first, self.pid, int(number))

    def signal_worker(self, pid: int, number: int | signals.Signals) -> None:
        """Send a signal to one of its workers, and to nobody else."""
        process_tree.signal_child(self.pid, pid, int(number))

    def stop(self, within: float = 10.0) -> None:
        """Have it stop its workers and end, as one does to go back to the first; returns when it has ended."""
        self._end(signals.SIGTERM, within)

    def kill(self, within: float = 10.0) -> None:
        """End it with SIGKILL. Its workers notice that they have no master, and end a little later."""
        self._end(signals.SIGKILL, within)

    def _end(self, number: signals.Signals, within: float) -> None:
        if not self.alive:
            return
        deadline = Deadline.after(within)
        descriptor = os.pidfd_open(self.pid)
        try:
            self.signal(number)
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN)
            if not waiting.poll(deadline.remaining * 1000):
                raise DeadlineExceeded(
                    f"the second master {self.pid}",
                    wanted=f"its end after {number.name}",
                    seen=f"it runs, with the workers {list(self.workers)}",
                    within=deadline.within,
                )
        finally:
            os.close(descriptor)

    def __repr__(self) -> str:
        return f"<Master {self.pid} {'alive' if self.alive else 'ended'}, workers {list(self.workers)}>"
