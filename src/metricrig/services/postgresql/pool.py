"""Clones made ahead: while one test uses a database, threads make the next ones and drop used ones."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from metricrig._core.errors import DeadlineExceeded, MetricrigError, UsageError
from metricrig.services.postgresql import sql
from metricrig.services.postgresql.pool_state import Clone, Drop, Make, PoolState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metricrig.services.postgresql.wire import PostgreSQLConnection

# A clone takes a core 7 ms, and one thread waits for the server most of that. With two cores idle, two threads
# made one every 3.6 ms; a third had nothing to gain.
_THREADS = 2
_CLONE_WITHIN = 60.0


class ClonePool:
    """Databases whose names begin with a prefix, for the threads of one process."""

    def __init__(
        self, who: str, new_session: Callable[[], PostgreSQLConnection], prefix: str, left: Sequence[str]
    ) -> None:
        self._who = who
        self._new_session = new_session
        self._prefix = prefix
        self._made = 0
        self._sentinel: PostgreSQLConnection | None = None
        self._ended = False
        self._state = PoolState()
        self._state.used.extend((name, 0.0) for name in left)
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._work, name="clones", daemon=True) for _ in range(_THREADS)]
        for thread in self._threads:
            thread.start()

    def take(self, template: str, sentinel: PostgreSQLConnection) -> str:
        """The name of a clone, as soon as there is one."""
        with self._changed:
            self._sentinel = sentinel
            shelf = self._state.ask(template)
            self._changed.notify_all()
            try:
                self._changed.wait_for(lambda: self._ended or self._state.has(template) or shelf.failure, _CLONE_WITHIN)
                if self._ended:
                    raise UsageError(f"{self._who} was released; its rig is closed")
                if shelf.ready:
                    return shelf.ready.popleft().name
                raise shelf.failure or DeadlineExceeded(
                    self._who, wanted=f"a clone of {template}", seen="none", within=_CLONE_WITHIN
                )
            finally:
                shelf.waiting -= 1
                self._changed.notify_all()

    def give_back(self, name: str) -> None:
        """Give back a database that nobody uses any more: it will be dropped."""
        with self._changed:
            self._state.used.append((name, time.monotonic()))
            self._changed.notify_all()

    def end(self) -> list[str]:
        """Stop the threads; returns what they leave."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_CLONE_WITHIN)  # at once, but for a server that is frozen
        return list(self._state.everything())

    def _work(self) -> None:
        """What each thread does: tasks, until there will be no more."""
        connection: PostgreSQLConnection | None = None
        while task := self._next():
            try:
                connection = self._standing(connection)
                if isinstance(task, Drop):
                    sql.drop(connection, task.name)
                else:
                    self._make(connection, task)
            except MetricrigError as error:
                with self._changed:
                    self._state.failed(task, error)
                    self._changed.notify_all()
        if connection is not None:
            connection.close()

    def _standing(self, connection: PostgreSQLConnection | None) -> PostgreSQLConnection:
        """The connection to use: the same one, as long as it stands."""
        if connection is not None and connection.alive:
            return connection
        if connection is not None:
            connection.close()
        return self._new_session()

    def _next(self) -> Make | Drop | None:
        """Wait until there is something to do; None when there never will be."""
        with self._changed:
            while not self._ended:
                task = self._state.next_task(time.monotonic())
                if isinstance(task, Make | Drop):
                    return task
                self._changed.wait(task)
        return None

    def _make(self, connection: PostgreSQLConnection, task: Make) -> None:
        with self._changed:
            self._made += 1
            name, sentinel = f"{self._prefix}{self._made}", self._sentinel
        assert sentinel is not None  # noqa: S101 - nothing is made before somebody asks
        sql.create(connection, name, task.template)
        with self._changed:
            shelf = self._state.shelf(task.template)
            shelf.coming -= 1
            shelf.ready.append(Clone(name, sentinel))
            self._changed.notify_all()
