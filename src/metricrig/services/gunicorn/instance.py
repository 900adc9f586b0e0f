"""A running Gunicorn: its workers, waiting for them, and a master's signals by what they do."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metricrig.instance import Instance
from metricrig.probe import Answer
from metricrig.services.gunicorn import process_tree
from metricrig.services.gunicorn.master import Master

if TYPE_CHECKING:
    from collections.abc import Collection

    from metricrig.probe import Probe


class GunicornInstance(Instance):
    """A running Gunicorn. Its ``pid`` is the master's."""

    @property
    def workers(self) -> tuple[int, ...]:
        """The pids of the workers that are at work, the eldest first."""
        return process_tree.children(self.pid, process_tree.WORKER)

    def wait_for_workers(
        self, count: int, *, other_than: Collection[int] = (), within: float = 30.0
    ) -> tuple[int, ...]:
        """Wait until there are exactly so many workers, none of them among ``other_than``; returns their pids.

        After a reload or the death of a worker, name the old ones: ``wait_for_workers(2, other_than=before)``.
        """
        seen = _WorkersSeen(count, other_than=frozenset(other_than))
        self.wait(seen, within=within)
        return seen.last

    def reload(self) -> None:
        """SIGHUP: read the configuration again, and replace all workers by new ones."""
        # Python takes bytecode for that of a file which was changed within the second and kept its length.
        for stale in self.dir.glob("__pycache__/gunicorn.conf.*.pyc"):
            stale.unlink(missing_ok=True)
        self.signal(signal.SIGHUP)

    def more_workers(self) -> None:
        """SIGTTIN: one worker more."""
        self.signal(signal.SIGTTIN)

    def fewer_workers(self) -> None:
        """SIGTTOU: one worker less; the last one stays."""
        self.signal(signal.SIGTTOU)

    def reopen_logs(self) -> None:
        """SIGUSR1: open the log files again."""
        self.signal(signal.SIGUSR1)

    def upgrade(self, *, within: float = 30.0) -> Master:
        """SIGUSR2: a second master, executed anew, with workers of its own on the same port; returns it.

        It ends with this instance at the latest. The first master is the instance: when it ends, all of it does.
        """
        self.signal(signal.SIGUSR2)
        found: list[int] = []
        self.wait(_MasterSeen(found), within=within)
        return Master(found[0], first=self.pid)

    def signal_worker(self, pid: int, number: int | signal.Signals) -> None:
        """Send a signal to one of its workers, such as SIGKILL or SIGABRT; to no other process, whatever its pid."""
        process_tree.signal_child(self.pid, pid, int(number))


def at_work(count: int) -> Probe:
    """Ready when at least so many workers are at work.

    It comes before any question by HTTP: a request that no worker is there to take waits in the kernel, and is
    answered, and counted, when whoever asked has long gone.
    """
    return _WorkersSeen(count, or_more=True)


@dataclass(slots=True)
class _WorkersSeen:
    """A probe: so many workers are at work."""

    count: int
    other_than: frozenset[int] = frozenset()
    or_more: bool = False
    last: tuple[int, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        others = f", none of them {' or '.join(map(str, sorted(self.other_than)))}" if self.other_than else ""
        return f"{'at least ' if self.or_more else ''}{self.count} worker{'s' * (self.count != 1)}{others}"

    def ask(self, subject: Any) -> Answer:
        """Look at the master's children."""
        self.last = subject.workers
        enough = len(self.last) >= self.count if self.or_more else len(self.last) == self.count
        return Answer(enough and self.other_than.isdisjoint(self.last), f"the workers are {list(self.last)}")


@dataclass(frozen=True, slots=True)
class _MasterSeen:
    """A probe: there is a second master."""

    found: list[int]

    def __str__(self) -> str:
        return "a second master"

    def ask(self, subject: Any) -> Answer:
        """Look at the master's children."""
        masters = process_tree.children(subject.pid, process_tree.MASTER)
        self.found[:] = masters[:1]
        return Answer(bool(masters), f"the workers are {list(subject.workers)}, and no child is a master")
