"""Databases of a server for the tests of this process: templates made once, and clones of them."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError, UsageError
from metricrig._core.leases import Lease, Numbers
from metricrig._core.private_directory import write_private
from metricrig.services.postgresql import sql
from metricrig.services.postgresql.database import PostgreSQLDatabase, session
from metricrig.services.postgresql.pool import ClonePool

if TYPE_CHECKING:
    from metricrig.services.postgresql.instance import PostgreSQLInstance
    from metricrig.services.postgresql.template_setup import TemplateSetup
    from metricrig.services.postgresql.wire import PostgreSQLConnection

_MOST_PROCESSES = 1000
_MARK_TIMEOUT_SECONDS = 60.0
_SETUP_TIMEOUT_SECONDS = 600.0
"""Seconds that processes wait for the one among them that fills a template."""


class Clones:
    """The templates and clones of one server. Nothing is made until a database is taken."""

    def __init__(self, server: PostgreSQLInstance) -> None:
        self._server = server
        self._beginning = threading.RLock()
        self._numbers = Numbers(server.locks, "postgresql")
        self._mark = _mark(server)
        self._pool: ClonePool | None = None
        self._taken: dict[str, PostgreSQLDatabase] = {}
        self._sentinel: PostgreSQLConnection | None = None
        """A connection that nothing is said on: as long as it stands, the server has not been restarted."""
        self._known: dict[str, PostgreSQLConnection] = {}
        """Templates, each with the sentinel of when it was seen."""

    def take(self, wanted: TemplateSetup) -> PostgreSQLDatabase:
        """A fresh database, usually one that is waiting already."""
        wanted = replace(wanted, identity=f"{self._mark}{wanted.identity}")
        with self._beginning:
            sentinel = self._standing_sentinel()
            if self._known.get(wanted.template) is not sentinel:
                with self._session() as admin:
                    _make_template(self._server, admin, wanted)
                self._known[wanted.template] = sentinel
            pool = self._pool = self._pool or self._new_pool()
        try:
            name = pool.take(wanted.template, sentinel)
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
        if self._sentinel is not None:
            with suppress(MetricrigError):
                self._drop(left if self._sentinel.alive else [])
            self._sentinel.close()
        self._numbers.release()

    def _give_back(self, pool: ClonePool, name: str) -> None:
        self._taken.pop(name, None)
        pool.give_back(name)

    def _drop(self, names: list[str]) -> None:
        if names:
            with self._session() as admin:
                for name in names:
                    sql.drop(admin, name)

    def _session(self) -> PostgreSQLConnection:
        return session(self._server, self._server.own_database)

    def _standing_sentinel(self) -> PostgreSQLConnection:
        if self._sentinel is not None and not self._sentinel.alive:
            self._sentinel.close()
            self._sentinel = None
        self._sentinel = self._sentinel or self._session()
        return self._sentinel

    def _new_pool(self) -> ClonePool:
        number = self._numbers.take(_MOST_PROCESSES)
        if number is None:
            raise UsageError(f"{self._server.name}: {_MOST_PROCESSES} processes share it already")
        # What a process has left that had this number and was killed. Its names are not used again, because the
        # server may be about to finish the last of them.
        own = f"metricrig_{self._mark}{number}_"
        with self._session() as admin:
            left = sql.databases(admin, own)
        return ClonePool(self._server.name, self._session, f"{own}{os.urandom(3).hex()}_", left)


def _mark(server: PostgreSQLInstance) -> str:
    """What names of databases begin with on a server that somebody else runs: whoever shares it shares our locks.

    Other machines and users have locks of their own, and databases of the same number and template.
    """
    if not server.attached:
        return ""
    path = server.locks / "mark"
    with Lease.wait(server.locks / "mark.lock", within=_MARK_TIMEOUT_SECONDS):
        if not path.exists():
            write_private(str(path), os.urandom(4).hex().encode())
        return f"{path.read_text(encoding='ascii')}_"


def _make_template(server: PostgreSQLInstance, admin: PostgreSQLConnection, wanted: TemplateSetup) -> None:
    """Make a template unless there is one: whoever comes first makes it, the others wait.

    It gets its name in the last step, so that one that was never finished is not taken for one that is.
    """
    with Lease.wait(server.locks / f"{wanted.template}.lock", within=_SETUP_TIMEOUT_SECONDS):
        if admin.query(f"SELECT 1 FROM pg_database WHERE datname = '{wanted.template}'"):  # noqa: S608 - a digest
            return
        sql.drop(admin, wanted.unfinished)  # the process that was making it has died
        sql.create(admin, wanted.unfinished, "template1")
        try:
            with PostgreSQLDatabase(server, wanted.unfinished, lambda: None) as database:
                wanted.fill(database)
            sql.finish(admin, wanted.unfinished, wanted.template)
        except BaseException as error:
            error.add_note(f"while a template database of {server.name} was set up")
            with suppress(MetricrigError):  # the server may be what has failed
                sql.drop(admin, wanted.unfinished)
            raise
