"""Clones made ahead: while one test uses a database, the next ones are made, and used ones are dropped.

Everything here belongs to one process. Processes that share a server have different numbers in the names.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from metricrig._core.errors import DeadlineExceeded, MetricrigError, UsageError
from metricrig._core.leases import Numbers
from metricrig.services import _postgresql_statements as statements
from metricrig.services._postgresql_database import PostgreSQLDatabase, session
from metricrig.services._postgresql_stock import Clone, Drop, Make, Stock

if TYPE_CHECKING:
    from metricrig.services._postgresql_setup import Filling
    from metricrig.services._postgresql_wire import Connection
    from metricrig.services.postgresql import PostgreSQLInstance

_THREADS = 2
_MOST_PROCESSES = 1000
_CLONE_WITHIN = 60.0


class Clones:
    """Databases for the tests of this process. It does nothing until one is taken."""

    def __init__(self, server: PostgreSQLInstance) -> None:
        self._server = server
        self._stock = Stock()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._ended = False
        self._setting_up = threading.RLock()
        self._taken: dict[str, PostgreSQLDatabase] = {}
        self._life: Connection | None = None
        """A connection that nothing is said on: as long as it stands, the server has not been restarted."""
        self._known: dict[str, Connection] = {}
        """Templates, and the life of the server that each was seen in."""
        self._numbers = Numbers(server.locks, "postgresql")
        self._prefix = ""
        self._made = 0

    def take(self, wanted: Filling) -> PostgreSQLDatabase:
        """A fresh database, usually one that is waiting already."""
        with self._setting_up:
            life = self._living()
            if self._known.get(wanted.template) is not life:
                with self._session() as admin:
                    statements.make_template(self._server, admin, wanted)
                self._known[wanted.template] = life
            if not self._threads:
                self._begin()
        try:
            name = self._name(wanted.template)
        except BaseException:
            self._known.pop(wanted.template, None)  # look again next time
            raise
        database = PostgreSQLDatabase(self._server, name, lambda: self._give_back(name))
        self._taken[name] = database
        return database

    def release(self) -> None:
        """Stop the threads, and drop what is left if the server goes on without us."""
        for database in list(self._taken.values()):
            database.close()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_CLONE_WITHIN)  # at once, but for a server that is frozen
        if self._life is not None:
            with suppress(MetricrigError):
                self._drop_all(self._life)
            self._life.close()
        self._numbers.release()

    def _drop_all(self, life: Connection) -> None:
        if life.alive:
            with self._session() as admin:
                for name in self._stock.everything():
                    statements.drop(admin, name)

    def _session(self) -> Connection:
        return session(self._server, self._server.user)

    def _living(self) -> Connection:
        if self._life is not None and not self._life.alive:
            self._life.close()
            self._life = None
        self._life = self._life or self._session()
        return self._life

    def _begin(self) -> None:
        number = self._numbers.take(_MOST_PROCESSES)
        if number is None:
            raise UsageError(f"{self._server.name}: {_MOST_PROCESSES} processes share it already")
        # What a process has left that had this number and was killed. Its names are not used again, because the
        # server may be about to finish the last of them.
        number_is = f"metricrig_{number}_"
        with self._session() as admin:
            left = admin.query(f"SELECT datname FROM pg_database WHERE left(datname, {len(number_is)}) = '{number_is}'")  # noqa: S608 - made by us
        self._stock.used.extend((str(name), 0.0) for (name,) in left)
        self._prefix = f"{number_is}{os.urandom(3).hex()}_"
        self._threads = [threading.Thread(target=self._work, name="clones", daemon=True) for _ in range(_THREADS)]
        for thread in self._threads:
            thread.start()

    def _name(self, template: str) -> str:
        with self._changed:
            shelf = self._stock.ask(template)
            self._changed.notify_all()
            try:
                self._changed.wait_for(lambda: self._ended or self._stock.has(template) or shelf.failure, _CLONE_WITHIN)
                if self._ended:
                    raise UsageError(f"{self._server.name} was released; its rig is closed")
                if shelf.ready:
                    return shelf.ready.popleft().name
                raise shelf.failure or DeadlineExceeded(
                    self._server.name, wanted=f"a clone of {template}", seen="none", within=_CLONE_WITHIN
                )
            finally:
                shelf.waiting -= 1
                self._changed.notify_all()

    def _give_back(self, name: str) -> None:
        with self._changed:
            self._taken.pop(name, None)
            self._stock.used.append((name, time.monotonic()))
            self._changed.notify_all()

    def _work(self) -> None:
        """A thread's life."""
        connection: Connection | None = None
        while task := self._next():
            try:
                connection = self._standing(connection)
                if isinstance(task, Drop):
                    statements.drop(connection, task.name)
                else:
                    self._make(connection, task)
            except MetricrigError as error:
                with self._changed:
                    self._stock.failed(task, error)
                    self._changed.notify_all()
        if connection is not None:
            connection.close()

    def _standing(self, connection: Connection | None) -> Connection:
        """The same connection while it stands."""
        if connection is not None and connection.alive:
            return connection
        if connection is not None:
            connection.close()
        return self._session()

    def _next(self) -> Make | Drop | None:
        """Wait until there is something to do; None when there never will be."""
        with self._changed:
            while not self._ended:
                task = self._stock.next_task(time.monotonic())
                if isinstance(task, Make | Drop):
                    return task
                self._changed.wait(task)
        return None

    def _make(self, connection: Connection, task: Make) -> None:
        with self._changed:
            self._made += 1
            name, life = f"{self._prefix}{self._made}", self._life
        assert life is not None  # noqa: S101 - nothing is asked for before
        statements.create(connection, name, task.template)
        with self._changed:
            shelf = self._stock.shelf(task.template)
            shelf.coming -= 1
            shelf.ready.append(Clone(name, life))
            self._changed.notify_all()
