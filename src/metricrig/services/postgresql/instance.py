"""A running PostgreSQL: its addresses, SQL by psql, and a database for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError, UsageError
from metricrig._core.leases import PerProcess
from metricrig.instance import Instance
from metricrig.services.postgresql.login import USER, login

if TYPE_CHECKING:
    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.services.postgresql.clones import Clones
    from metricrig.services.postgresql.database import PostgreSQLDatabase
    from metricrig.services.postgresql.template_setup import Setup

LONGEST_SOCKET = 107
"""Bytes of a unix socket's path: what the kernel takes."""
_PSQL = ("psql", "--no-psqlrc", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1")


class PostgreSQLInstance(Instance):
    """A running PostgreSQL. ``url`` is for TCP; ``socket_url`` for the unix socket."""

    def __init__(self, state: InstanceState) -> None:
        super().__init__(state)
        if not state.attached:
            _require_short(state)
        self._clones = PerProcess(self._new_clones)

    @property
    def user(self) -> str:
        """Who makes the databases, and whose password is ``secret``: the superuser, or the user of a given URL."""
        return login(self._state.site.outside.url).user

    @property
    def own_database(self) -> str:
        """The database from which others are made."""
        return login(self._state.site.outside.url).database

    @property
    def socket_url(self) -> str:
        """How the test reaches it without TCP."""
        self._state.require_ours("its socket")
        return f"postgresql://{USER}:{self.secret}@/{USER}?host={self.dir}&port={self.inside.port}"

    def psql(self, statement: str, *, database: str | None = None) -> str:
        """Run SQL with the ``psql`` that lies beside the server: rows a line each, columns separated by ``|``."""
        done = self.run(
            [*_PSQL, "-d", database or self.own_database, "-f", "-"],
            stdin=statement,
        )
        return done.out.removesuffix("\n")

    def isolated(self, setup: Setup | None = None, *, key: str | None = None) -> PostgreSQLDatabase:
        """A database of its own: for tests that share one server.

        It is a clone of a template that ``setup`` has filled once: a file of SQL, several in order, or a function
        of the template's database. Files are known by what is in them, a function by its name and code. ``key``
        stands for what cannot be seen there, such as the migrations that a function applies.
        """
        from metricrig.services.postgresql.template_setup import template_setup  # noqa: PLC0415 - see below

        return self._clones.get().take(template_setup(setup, key))

    def recognise(self) -> None:
        """Raise what is wrong if what answers is no PostgreSQL, or this user may not make databases in it."""
        from metricrig.services.postgresql.database import session  # noqa: PLC0415 - see below

        with session(self, self.own_database) as connection:
            asked = "SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolcreatedb OR rolsuper)"
            if not connection.query(asked):
                raise MetricrigError(
                    f"{self.user} may not make databases there, and each test gets one: ALTER ROLE {self.user} CREATEDB"
                )

    def release(self) -> None:
        """Stop making clones."""
        super().release()
        if clones := self._clones.forget():
            clones.release()

    def _new_clones(self) -> Clones:
        from metricrig.services.postgresql.clones import Clones  # noqa: PLC0415 - not for a server that is only run

        return Clones(self)


def _require_short(state: InstanceState) -> None:
    """Refuse at once a directory in which the server could not make its socket: it would say so late, in its log."""
    path = f"{state.site.at.dir}/.s.PGSQL.65535"
    length = len(path.encode())
    if length > LONGEST_SOCKET:
        raise UsageError(
            f"{state.name}: the path of its unix socket would have {length} bytes, and the system takes"
            f" {LONGEST_SOCKET}: {path}\n"
            "  what to do: shorter names of the rig and the service, or a shorter place: data=..., METRICRIG_DATA or"
            " TMPDIR"
        )
