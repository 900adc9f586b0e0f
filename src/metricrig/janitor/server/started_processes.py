"""The processes that a janitor has started: what descends from each, and when all of that is gone."""

from __future__ import annotations

import os
import signal

from metricrig.janitor import limit_mark, process_tree

TYPE_CHECKING = False  # see wire
if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.janitor.protocol import Message


class StartedProcess:
    """A process that we started: a service, or a command beside one."""

    def __init__(self, order: Message, pid: int) -> None:
        self.pid = pid
        self.rig: str = order["rig"]
        self.name: str = order["name"]
        self.mark: str = order["mark"]
        self.limit_mark: int = order["limit_mark"]
        self.out: str = order["out"]
        self.stop_signal: int = order["stop_signal"]
        self.service: bool = order["service"]
        self.status: int | None = None
        self.collectors: list[Callable[[StartedProcess], None]] = []
        """Who is to be told when nothing is left of it."""
        self.lineage = {pid}
        """Every process seen under it: who may have made shared memory."""


class StartedProcesses:
    """All of them. ``say`` tells the owner; ``collected`` is called for each of which nothing is left."""

    def __init__(self, say: Callable[[Message], None], collected: Callable[[StartedProcess], None]) -> None:
        self.by_pid: dict[int, StartedProcess] = {}
        self.by_mark: dict[str, StartedProcess] = {}
        # Where the owner runs in somebody's rig itself, its janitor carries the marks of that one.
        self._others = {"", process_tree.mark_of(os.getpid())}, {0, limit_mark.of_process(os.getpid())}
        self._collecting: dict[int, StartedProcess] = {}
        self._say = say
        self._collected = collected

    def add(self, started: StartedProcess) -> None:
        """Look after one more."""
        self.by_pid[started.pid] = self.by_mark[started.mark] = started

    @property
    def busy(self) -> bool:
        """Whether somebody waits for one to be gone."""
        return bool(self._collecting)

    @property
    def ended(self) -> bool:
        """Whether none of them runs any more."""
        return all(started.status is not None for started in self.by_pid.values())

    def ask_to_stop(self) -> None:
        """Send each its own stop signal; CONT first, because a frozen process would keep it pending."""
        for started in self.by_pid.values():
            process_tree.send_to_tree(started.pid, signal.SIGCONT)
            # A command beside a service ends its children with itself only if it lives to: an initdb leaves a server
            # behind, which would be killed before it could remove its shared memory.
            (process_tree.send if started.service else process_tree.send_to_tree)(started.pid, started.stop_signal)

    def collect_all(self) -> None:
        """Let nothing be left of any."""
        for started in self.by_pid.values():
            self.collect(started, lambda _: None)

    def collect(self, started: StartedProcess, done: Callable[[StartedProcess], None]) -> None:
        """Let nothing be left of one, and say when that is so."""
        started.collectors.append(done)
        self._collecting[started.pid] = started

    def look_after(self, *, somebody_ended: bool) -> None:
        """Report who has ended, reap orphans, go on with collections."""
        for started in list((self.by_pid if somebody_ended else self._collecting).values()):
            if started.status is None and (status := process_tree.exit_status(started.pid)) is not None:
                started.status = status
                self._say({"exit": started.pid, "status": status})
        orphans = self._orphans() if somebody_ended or self._collecting else {}
        for started in list(self._collecting.values()):
            self._collect(started, [pid for pid, owner in orphans.items() if owner is started])

    def _orphans(self) -> dict[int, StartedProcess | None]:
        """The living children that we did not start, and whose they are."""
        found: dict[int, StartedProcess | None] = {}
        for pid in process_tree.children():
            if pid not in self.by_pid:
                mark = process_tree.mark_of(pid)
                whose = self._whose(pid, mark)
                if whose is not None:
                    whose.lineage.add(pid)
                elif mark not in self._others[0] or limit_mark.of_process(pid) not in self._others[1]:
                    # What it belonged to has been collected: it came too late.
                    process_tree.kill_orphan(pid)
                process_tree.reap(pid)
                found[pid] = whose
        return {pid: started for pid, started in found.items() if process_tree.session_of(pid)}

    def _whose(self, pid: int, mark: str) -> StartedProcess | None:
        """The process from which an orphan descends.

        Its session tells it; or the mark in its environment; or, for those that make a session of their own and write
        over their environment (PostgreSQL does both), the log that they write to; or the mark in a limit.
        """
        session = process_tree.session_of(pid)
        for started in self.by_pid.values():
            if pid in started.lineage or started.pid == session or (mark and started.mark == mark):
                return started
        limit = limit_mark.of_process(pid)
        for started in self.by_pid.values():
            if process_tree.writes_below(pid, started.out) or (limit and started.limit_mark == limit):
                return started
        return None

    def _collect(self, started: StartedProcess, survivors: list[int]) -> None:
        """One step of a collection; taken again until nothing is left."""
        started.lineage.update(process_tree.send_to_tree(started.pid, signal.SIGKILL))
        for pid in survivors:
            process_tree.kill_orphan(pid)
        if started.status is None or survivors:
            return
        from metricrig.janitor import leftovers  # noqa: PLC0415 - nothing is removed while the janitor boots

        process_tree.reap(started.pid)
        for segment in leftovers.orphaned_segments(started.lineage):
            leftovers.remove_segment(segment)
        del self.by_pid[started.pid], self.by_mark[started.mark], self._collecting[started.pid]
        self._collected(started)
        for tell in started.collectors:
            tell(started)
