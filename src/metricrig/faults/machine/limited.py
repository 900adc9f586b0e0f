"""Limited: a service whose processes may have less of something, files or memory, than they ask for."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from metricrig._core.amounts import in_bytes
from metricrig._core.errors import Unavailable
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.machine import limits
from metricrig.faults.machine.machine_fault import MachineFault

if TYPE_CHECKING:
    from metricrig._core.process_id import ProcessId
    from metricrig.faults.machine.limits import LimitKind
    from metricrig.faults.machine.victim import Victim
    from metricrig.runtimes import Running

_ROUNDS = 1000
"""How often it is looked whether a worker has been born meanwhile."""


class Limited(MachineFault):
    """Each process of the service is limited; those that are born meanwhile inherit it."""

    limit_kind: ClassVar[LimitKind]

    def __init__(self, victim: Victim, *, limit: int | None) -> None:
        super().__init__(victim)
        self.limit = limit
        """For each process; None for no more than it has."""
        self._before: dict[ProcessId, int] = {}
        self._set: dict[ProcessId, int] = {}

    def require(self) -> None:
        """Its processes have to be of this machine."""
        super().require()
        self._target.require_here(f"the {self.limit_kind.line.lower().removeprefix('max ')}")

    @abstractmethod
    def _used(self, pid: int) -> int:
        """The limit at which it gets no more."""

    @abstractmethod
    def _in_words(self, amount: int) -> str:
        """An amount, for people."""

    def _strike(self, running: Running) -> None:
        self._before, self._set = {}, {}
        for _ in range(_ROUNDS):
            fresh = [each for each in self._target.tree(running) if each not in self._before]
            if not fresh:
                return
            for process in fresh:
                self._lower(process)
        raise Unavailable(
            self.name,
            reason="it starts processes faster than they can be limited",
            remedy="limit what starts them, in its own configuration",
        )

    def _lower(self, process: ProcessId) -> None:
        try:
            before, _ = limits.limits_of(process.pid, self.limit_kind)
            wanted = self._used(process.pid) if self.limit is None else self.limit
        except (FileNotFoundError, ProcessLookupError):
            return  # it has ended since
        self._before[process], self._set[process] = before, wanted
        limits.set_soft_limit(process.pid, self.limit_kind, wanted)

    def _proof(self) -> str:
        main = next(iter(self._set), None)
        alive = [each for each in self._set if each.alive]
        for each in alive:
            soft = self._limit_now(each)
            if soft is not None and (soft != self._set[each] or not _is_lower(soft, self._before[each])):
                raise FaultWithoutEffect(
                    self.name,
                    expected=f"pid {each.pid} limited to {self._in_words(self._set[each])}",
                    seen=f"its limit is {self._shown(soft)}, and was {self._shown(self._before[each])}",
                    remedy="a limit that is lower than what it may have already",
                )
        if main is None or main not in alive:
            raise FaultWithoutEffect(self.name, expected="a process to limit", seen="it has ended")
        others = f", and {len(alive) - 1} below it likewise" if len(alive) > 1 else ""
        has, may = self._used(main.pid), self._set[main]
        more = "it gets no more" if has >= may else f"it has {self._in_words(has)}"
        return f"pid {main.pid} may have {self._in_words(may)}, and {more}{others}"

    def _relieve(self, running: Running) -> None:
        for process in self._target.tree(running):
            limits.set_soft_limit(process.pid, self.limit_kind, self._usual(process))

    def _usual(self, process: ProcessId) -> int:
        """What it had, or would have if it had been born before: as much as the first of them."""
        return self._before.get(process, next(iter(self._before.values()), limits.UNLIMITED))

    def _recovery(self, running: Running) -> str:
        tree = self._target.tree(running)
        for process in tree:
            if (limit := self._limit_now(process)) not in (None, self._usual(process)):
                raise FaultNotHealed(
                    self.name,
                    expected=f"pid {process.pid} to have its limit back, {self._shown(self._usual(process))}",
                    seen=self._shown(limit),
                )
        back = self._shown(self._usual(tree[0])) if tree else "as it was"
        return f"its limit is {back} again; {self._ready(running)}"

    def _limit_now(self, process: ProcessId) -> int | None:
        """None for one that has ended."""
        try:
            return limits.limits_of(process.pid, self.limit_kind)[0]
        except (FileNotFoundError, ProcessLookupError):
            return None

    def _shown(self, limit: int | None) -> str:
        return "none" if limit in (None, limits.UNLIMITED) else self._in_words(limit)


class NoOpenFiles(Limited):
    """Opening a file, or accepting a connection, fails with EMFILE. An accept that waits already still gets one."""

    kind = "no open files"
    colour = "#2e86c1"
    limit_kind = limits.OPEN_FILES

    @property
    def sentence(self) -> str:
        """What it does."""
        most = "no further files" if self.limit is None else f"no more than {self.limit} files"
        return f"{self.victim} can open {most} or connections"

    def _used(self, pid: int) -> int:
        return limits.lowest_free_descriptor(pid)

    def _in_words(self, amount: int) -> str:
        return f"{amount} open files"


class LittleMemory(Limited):
    """Asking the system for memory fails with ENOMEM; what a program keeps in reserve it may still use."""

    kind = "little memory"
    colour = "#17a589"
    limit_kind = limits.DATA

    @property
    def sentence(self) -> str:
        """What it does."""
        most = "no more memory" if self.limit is None else f"no more than {in_bytes(self.limit)} of memory a process"
        return f"{self.victim} gets {most}"

    def _used(self, pid: int) -> int:
        return limits.data_of(pid)

    def _in_words(self, amount: int) -> str:
        return f"{in_bytes(amount)} of memory"


def _is_lower(limit: int, other: int) -> bool:
    return other == limits.UNLIMITED or limit < other
