"""Making, finishing and dropping databases: what is said to the server."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError
from metricrig._core.leases import Lease
from metricrig.services.postgresql.database import PostgreSQLDatabase

if TYPE_CHECKING:
    from metricrig.services.postgresql.server import PostgreSQLInstance
    from metricrig.services.postgresql.setup import Filling
    from metricrig.services.postgresql.wire import Connection

_SETUP_WITHIN = 600.0
"""Seconds that processes wait for the one among them that fills a template."""
_KNOWS_FORCE = 13
_KNOWS_STRATEGY = 15


def make_template(server: PostgreSQLInstance, admin: Connection, wanted: Filling) -> None:
    """Make a template unless there is one: whoever comes first makes it, the others wait.

    It gets its name in the last step, so that one that was never finished is not taken for one that is.
    """
    with Lease.wait(server.locks / f"{wanted.template}.lock", within=_SETUP_WITHIN):
        if admin.query(f"SELECT 1 FROM pg_database WHERE datname = '{wanted.template}'"):  # noqa: S608 - a digest
            return
        drop(admin, wanted.unfinished)  # somebody died making it
        create(admin, wanted.unfinished, "template1")
        try:
            with PostgreSQLDatabase(server, wanted.unfinished, lambda: None) as database:
                wanted.fill(database)
            finish(admin, wanted)
        except BaseException as error:
            error.add_note(f"while a template database of {server.name} was set up")
            with suppress(MetricrigError):  # the server may be what has failed
                drop(admin, wanted.unfinished)
            raise


def create(connection: Connection, name: str, template: str) -> None:
    """A copy of a template."""
    # Copying files and logging that takes 7.3 ms, logging every page 9 to 14 (15.18, an empty database, in memory,
    # fsync off), and was all there was before 15.
    how = " STRATEGY FILE_COPY" if connection.version >= _KNOWS_STRATEGY else ""
    connection.query(f"CREATE DATABASE {name} TEMPLATE {template}{how}")


def finish(connection: Connection, made: Filling) -> None:
    """From now on nobody can connect to it, because a database with clients cannot be cloned."""
    connection.query(f"ALTER DATABASE {made.unfinished} ALLOW_CONNECTIONS false")
    _send_away(connection, made.unfinished)
    connection.query(f"ALTER DATABASE {made.unfinished} RENAME TO {made.template}")


def drop(connection: Connection, name: str) -> None:
    """Whoever is connected to it is sent away. One that is not there is fine."""
    if connection.version >= _KNOWS_FORCE:
        connection.query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    else:
        _send_away(connection, name)
        connection.query(f"DROP DATABASE IF EXISTS {name}")


def databases(connection: Connection, prefix: str) -> list[str]:
    """The names that begin with a prefix."""
    asked = f"SELECT datname FROM pg_database WHERE left(datname, {len(prefix)}) = '{prefix}'"  # noqa: S608 - made by us
    return [str(name) for (name,) in connection.query(asked)]


def _send_away(connection: Connection, name: str) -> None:
    connection.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 - made by us
