"""Killed: ended with SIGKILL, at once or while the test does other things, and started again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from metricrig._core.process_id import ProcessId
from metricrig._core.resource_limits import start_thread
from metricrig.faults.errors import FaultWithoutEffect
from metricrig.faults.machine.machine_fault import MachineFault
from metricrig.lifecycle import start, stop
from metricrig.lifecycle.instance_state import RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.faults.machine.victim import Victim
    from metricrig.runtimes import Running


class Killed(MachineFault):
    """``after`` so many seconds, and started ``again_after`` so many: both counted while the block goes on.

    Healing starts it again in any case. If the block ends before the kill was due, that is an error.
    """

    kind = "killed"
    colour = "#c0392b"

    def __init__(self, victim: Victim, *, after: float, again_after: float | None) -> None:
        super().__init__(victim)
        self.after = after
        self.again_after = again_after
        self.killed = False
        """Whether it has been killed."""
        self._pid = 0
        self._process: ProcessId | None = None
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    @property
    def sentence(self) -> str:
        """What it does."""
        again = "" if self.again_after is None else f", and started again {self.again_after:g} s later"
        when = f" after {self.after:g} s" if self.after else ""
        return f"{self.victim} is killed{when}{again}"

    def heal(self) -> None:
        """Start it again; returns when it is ready. An error if it was never killed."""
        was_in_force = self.in_force
        super().heal()
        if was_in_force and not self.killed:
            raise FaultWithoutEffect(
                self.name,
                expected=f"a kill, {self.after:g} s after the fault has begun",
                seen="the fault was healed before that",
                remedy="let the block last longer, or kill it sooner",
            )

    def _strike(self, running: Running) -> None:
        self.killed, self._failure, self._thread = False, None, None
        self._pid = running.pid
        self._process = ProcessId.of(self._pid) if running.here else None
        self._over.clear()
        if not self.after:
            self._kill()
        if self.after or self.again_after is not None:
            self._thread = threading.Thread(target=self._later, name=f"metricrig-killed-{self.victim}", daemon=True)
            start_thread(self._thread)

    def _later(self) -> None:
        """What is due while the test does other things."""
        plan: list[tuple[float, Callable[[], None]]] = []
        if not self.killed:
            plan.append((self.after, self._kill))
        if self.again_after is not None:
            plan.append((self.again_after, self._revive))
        try:
            for seconds, act in plan:
                if self._over.wait(seconds):
                    return
                act()
        except Exception as error:  # noqa: BLE001 - raised by whoever heals it
            self._failure = error

    def _kill(self) -> None:
        stop.kill(self._target.state)
        self.killed = True

    def _revive(self) -> None:
        state = self._target.state
        if state.phase not in RUNNING or state.gone:  # the test may have started it itself
            if state.running is not None:
                stop.stop_all([state])
            start.start(state, self._target.subject)

    def _proof(self) -> str:
        if self.after:
            return f"pid {self._pid} is to be killed in {self.after:g} s"
        alive = self._process.alive if self._process else not self.hit.gone
        if alive:
            raise FaultWithoutEffect(self.name, expected="its process gone", seen=f"pid {self._pid} runs")
        return f"pid {self._pid} is gone: {self.hit.how}"

    def _mend(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._hit is not None:
            self._revive()

    def _relieve(self, running: Running) -> None:
        """All is done above: what was hit is not what runs."""

    def _proof_of_health(self) -> str:
        now = self._target.state.require_running("seeing that it is ready")
        said = self._ready(now)
        self._forgive()
        return f"pid {now.pid} runs in its place, and {said}"

    def _recovery(self, running: Running) -> str:
        return self._ready(running)
