"""A test's own database on a shared PostgreSQL."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from metricrig._core.leases import PerProcess
from metricrig.services.isolated_handle import Handle
from metricrig.services.postgresql.wire import PostgreSQLConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.services.postgresql.instance import PostgreSQLInstance
    from metricrig.services.postgresql.wire import Row


class PostgreSQLDatabase(Handle["PostgreSQLInstance"]):
    """A database on a shared server. ``url`` is for TCP; ``socket_url`` for the unix socket."""

    def __init__(self, server: PostgreSQLInstance, name: str, give_back: Callable[[], object]) -> None:
        super().__init__(server, name, give_back)
        self._kept = PerProcess(lambda: session(server, name))
        self._looking = threading.Lock()

    @property
    def socket_url(self) -> str:
        """How the test reaches it without TCP."""
        return self.own_url(self.server.socket_url)

    def own_url(self, url: str) -> str:
        """``postgresql://...`` with this database's name."""
        from urllib.parse import urlsplit  # noqa: PLC0415 - a server that is only run needs none of it

        return urlsplit(url)._replace(path=f"/{self.name}").geturl()

    def psql(self, statement: str) -> str:
        """Run SQL with ``psql``: rows a line each, columns separated by ``|``. For dumps and backslash commands."""
        return self.server.psql(statement, database=self.name)

    def execute(self, sql: str) -> list[Row]:
        """Run SQL on a session that is kept: the rows, as texts or None, of the last statement that has any."""
        with self._looking:
            if not self._kept.get().alive:  # the server was restarted
                self._hang_up()
            return self._kept.get().query(sql)

    def close(self) -> None:
        """Give it back: it is dropped in a quiet moment, whoever is connected to it. Closing twice is fine."""
        self._hang_up()
        super().close()

    def _hang_up(self) -> None:
        if kept := self._kept.forget():
            kept.close()


def session(server: PostgreSQLInstance, database: str) -> PostgreSQLConnection:
    """A new connection, by the unix socket where that can be seen."""
    path = server.dir / f".s.PGSQL.{server.port}"  # of somebody else's server there is none
    return PostgreSQLConnection(
        f"{server.name}/{database}",
        str(path) if path.exists() else (server.host, server.port),
        user=server.user,
        password=server.secret,
        database=database,
    )
