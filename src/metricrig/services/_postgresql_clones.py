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
from metricrig.services.handles import LEASES

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
        self._admin: Connection | None = None
        self._known: dict[str, Connection] = {}
        """Templates, and the connection on which each was seen: they are known as long as that lives."""
        self._numbers = Numbers(server.dir / LEASES, "postgresql")
        self._prefix = ""
        self._made = 0

    def take(self, wanted: Filling) -> PostgreSQLDatabase:
        """A fresh database, usually one that is waiting already."""
        with self._setting_up:
            admin = self._connected()
            if self._known.get(wanted.template) is not admin:
                statements.make_template(self._server, admin, wanted)
                self._known[wanted.template] = admin
            if not self._threads:
                self._begin(admin)
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
        if self._admin is not None:
            with suppress(MetricrigError):
                for name in self._stock.everything() if self._admin.alive else ():
                    statements.drop(self._admin, name)
            self._admin.close()
        self._numbers.release()

    def _connected(self) -> Connection:
        if self._admin is not None and self._admin.alive:
            return self._admin
        if self._admin is not None:
            self._admin.close()
        self._admin = session(self._server, self._server.user)
        return self._admin

    def _begin(self, admin: Connection) -> None:
        number = self._numbers.take(_MOST_PROCESSES)
        if number is None:
            raise UsageError(f"{self._server.name}: {_MOST_PROCESSES} processes share it already")
        # What a process has left that had this number and was killed. Its names are not used again, because the
        # server may be about to finish the last of them.
        number_is = f"metricrig_{number}_"
        left = admin.query(f"SELECT datname FROM pg_database WHERE left(datname, {len(number_is)}) = '{number_is}'")  # noqa: S608 - made by us
        self._stock.used.extend((str(name), 0.0) for (name,) in left)
        self._prefix = f"{number_is}{os.urandom(3).hex()}_"
        self._threads = [threading.Thread(target=self._work, name="clones", daemon=True) for _ in range(_THREADS)]
        for thread in self._threads:
            thread.start()

    def _name(self, template: str) -> str:
        with self._changed:
            shelf = self._stock.shelf(template)
            shelf.asked += 1
            shelf.waiting += 1
            shelf.failure = None
            self._stock.try_again()
            self._changed.notify_all()
            try:
                came = self._changed.wait_for(
                    lambda: self._ended or shelf.failure or self._stock.has(template), _CLONE_WITHIN
                )
                if self._ended:
                    raise UsageError(f"{self._server.name} was released; its rig is closed")
                if shelf.ready:
                    return shelf.ready.popleft().name
                if shelf.failure:
                    raise shelf.failure
                assert not came  # noqa: S101 - nothing else ends the wait
            finally:
                shelf.waiting -= 1
                self._changed.notify_all()
        raise DeadlineExceeded(self._server.name, wanted=f"a clone of {template}", seen="none", within=_CLONE_WITHIN)

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
                if connection is None or not connection.alive:
                    if connection is not None:
                        connection.close()
                    connection = None
                    connection = session(self._server, self._server.user)
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
            name = f"{self._prefix}{self._made}"
        statements.create(connection, name, task.template)
        with self._changed:
            shelf = self._stock.shelf(task.template)
            shelf.coming -= 1
            shelf.ready.append(Clone(name, connection))
            self._changed.notify_all()
