"""What faults of a running service have in common: whom they hit, that he may die of it, and that he recovers."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from metricrig._core.errors import ServiceDied
from metricrig.faults.fault import Fault
from metricrig.service import relied_on

if TYPE_CHECKING:
    from metricrig.faults.machine.victim import Victim
    from metricrig.runtimes import Running

_NEWS_SECONDS = 1.0
"""Seconds in which the news of an end has arrived."""


class MachineFault(Fault):
    """Done to what runs when it starts; what is started later has nothing of it, unless its kind says otherwise."""

    def __init__(self, victim: Victim) -> None:
        super().__init__(victim.name, victim.state.faults)
        self._target = victim
        self._hit: Running | None = None
        """What it has been done to."""

    def require(self) -> None:
        """It has to be a service of ours."""
        self._target.state.require_ours(f"the fault {self.kind!r}")

    @abstractmethod
    def _strike(self, running: Running) -> None:
        """Do it."""

    @abstractmethod
    def _relieve(self, running: Running) -> None:
        """Take it back, as far as it was done; it runs still."""

    @abstractmethod
    def _recovery(self, running: Running) -> str:
        """How it shows that it suffers no more; raises ``FaultNotHealed`` if it does."""

    @property
    def hit(self) -> Running:
        """What it has been done to."""
        assert self._hit is not None  # noqa: S101 - it is in force
        return self._hit

    def _inflict(self) -> None:
        state = self._target.state
        self._hit = None
        running = state.require_running(f"the fault {self.kind!r}")
        state.provoked = True  # should it die of this, nobody is alarmed
        self._hit = running
        self._strike(running)

    def _mend(self) -> None:
        if self._hit is not None and not self._hit.gone:
            self._relieve(self._hit)

    def _proof_of_health(self) -> str:
        try:
            said = self._obituary() or self._recovery(self.hit)
        except ServiceDied:
            if not (said := self._obituary()):
                raise
        self._forgive()
        return said

    def _withdraw(self) -> None:
        try:
            super()._withdraw()
        finally:
            self._forgive()

    def _obituary(self) -> str:
        """That it has ended, and how; empty if it has not."""
        if not self.hit.gone:
            return ""
        self.hit.exited.wait(_NEWS_SECONDS)
        said = f"nothing is left to heal: {self.victim} {self.hit.how} meanwhile"
        now = self._target.state.running
        if now is None or now.gone:
            return said
        return f"{said}, and was started again; {self._ready(now)}"

    def _ready(self, running: Running) -> str:
        """That it is ready again; with something else in force on it or what it needs, nobody can ask that of it."""
        needed = sorted(relied_on(self._target.state.service) - {self.victim})
        if others := self._others() + [each.name for name in needed for each in self._active.of(name)]:
            return f"whether it is ready is not asked while this is in force: {', '.join(others)}"
        return self._target.ready_again(self.name, running)

    def _others(self) -> list[str]:
        """What else is in force on it."""
        return [each.name for each in self._active.of(self.victim) if each is not self]

    def _forgive(self) -> None:
        """From now on its end is an accident again, unless another fault is in force or it has ended already."""
        if not self._others():
            self._target.state.provoked = self._target.state.gone
