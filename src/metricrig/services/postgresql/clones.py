"""Databases of a server for the tests of this process: templates, lives of the server, and names that are its own."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError, UsageError
from metricrig._core.leases import Numbers
from metricrig.services.postgresql import statements
from metricrig.services.postgresql.database import PostgreSQLDatabase, session
from metricrig.services.postgresql.pool import Pool

if TYPE_CHECKING:
    from metricrig.services.postgresql.server import PostgreSQLInstance
    from metricrig.services.postgresql.setup import Filling
    from metricrig.services.postgresql.wire import Connection

_MOST_PROCESSES = 1000


class Clones:
    """It does nothing until a database is taken."""

    def __init__(self, server: PostgreSQLInstance) -> None:
        self._server = server
        self._beginning = threading.RLock()
        self._numbers = Numbers(server.locks, "postgresql")
        self._pool: Pool | None = None
        self._taken: dict[str, PostgreSQLDatabase] = {}
        self._life: Connection | None = None
        """A connection that nothing is said on: as long as it stands, the server has not been restarted."""
        self._known: dict[str, Connection] = {}
        """Templates, and the life of the server that each was seen in."""

    def take(self, wanted: Filling) -> PostgreSQLDatabase:
        """A fresh database, usually one that is waiting already."""
        with self._beginning:
            life = self._living()
            if self._known.get(wanted.template) is not life:
                with self._session() as admin:
                    statements.make_template(self._server, admin, wanted)
                self._known[wanted.template] = life
            pool = self._pool = self._pool or self._new_pool()
        try:
            name = pool.take(wanted.template, life)
        except BaseException:
            self._known.pop(wanted.template, None)  # look again next time
            raise
        database = PostgreSQLDatabase(self._server, name, lambda: self._give_back(pool, name))
        self._taken[name] = database
        return database

    def release(self) -> None:
        """Stop making databases, and drop all there are if the server goes on without us."""
        for database in list(self._taken.values()):
            database.close()
        left = self._pool.end() if self._pool else []
        if self._life is not None:
            with suppress(MetricrigError):
                self._drop(left if self._life.alive else [])
            self._life.close()
        self._numbers.release()

    def _give_back(self, pool: Pool, name: str) -> None:
        self._taken.pop(name, None)
        pool.give_back(name)

    def _drop(self, names: list[str]) -> None:
        if names:
            with self._session() as admin:
                for name in names:
                    statements.drop(admin, name)

    def _session(self) -> Connection:
        return session(self._server, self._server.user)

    def _living(self) -> Connection:
        if self._life is not None and not self._life.alive:
            self._life.close()
            self._life = None
        self._life = self._life or self._session()
        return self._life

    def _new_pool(self) -> Pool:
        number = self._numbers.take(_MOST_PROCESSES)
        if number is None:
            raise UsageError(f"{self._server.name}: {_MOST_PROCESSES} processes share it already")
        # What a process has left that had this number and was killed. Its names are not used again, because the
        # server may be about to finish the last of them.
        own = f"metricrig_{number}_"
        with self._session() as admin:
            left = statements.databases(admin, own)
        return Pool(self._server.name, self._session, f"{own}{os.urandom(3).hex()}_", left)
