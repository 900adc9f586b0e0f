"""The SQL that makes, finishes and drops databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metricrig.services.postgresql.wire import PostgreSQLConnection

_KNOWS_FORCE = 13
_KNOWS_STRATEGY = 15


def create(connection: PostgreSQLConnection, name: str, template: str) -> None:
    """A copy of a template."""
    # Copying files and logging that takes 7.3 ms, logging every page 9 to 14 (15.18, an empty database, in memory,
    # fsync off), and was all there was before 15.
    how = " STRATEGY FILE_COPY" if connection.version >= _KNOWS_STRATEGY else ""
    connection.query(f"CREATE DATABASE {name} TEMPLATE {template}{how}")


def finish(connection: PostgreSQLConnection, unfinished: str, template: str) -> None:
    """From now on nobody can connect to it, because a database with clients cannot be cloned."""
    connection.query(f"ALTER DATABASE {unfinished} ALLOW_CONNECTIONS false")
    _send_away(connection, unfinished)
    connection.query(f"ALTER DATABASE {unfinished} RENAME TO {template}")


def drop(connection: PostgreSQLConnection, name: str) -> None:
    """Drop a database, disconnecting its clients. One that is not there is fine."""
    if connection.version >= _KNOWS_FORCE:
        connection.query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    else:
        _send_away(connection, name)
        connection.query(f"DROP DATABASE IF EXISTS {name}")


def databases(connection: PostgreSQLConnection, prefix: str) -> list[str]:
    """The names that begin with a prefix."""
    asked = f"SELECT datname FROM pg_database WHERE left(datname, {len(prefix)}) = '{prefix}'"  # noqa: S608 - made by us
    return [str(name) for (name,) in connection.query(asked)]


def _send_away(connection: PostgreSQLConnection, name: str) -> None:
    connection.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 - made by us
