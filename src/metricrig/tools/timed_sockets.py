"""Sockets for urllib3 with one deadline for a whole answer; its own timeout begins anew with each byte."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.util.ssl_ import create_urllib3_context

if TYPE_CHECKING:
    from urllib3 import PoolManager

    from metricrig._core.deadlines import Deadline


def keep(pool: PoolManager, deadline: Deadline) -> None:
    """Have the connections of a pool read until the deadline, and no longer."""

    def allow(connection: socket.socket, usual: float | None) -> None:
        left = deadline.remaining
        if not left:  # also where there is always something to read, and nothing to wait for
            raise TimeoutError(f"{deadline.within:g} s are over")
        connection.settimeout(left if usual is None else min(usual, left))

    class Plain(socket.socket):
        def recv_into(self, *arguments: Any) -> int:
            usual = self.gettimeout()
            allow(self, usual)
            try:
                return super().recv_into(*arguments)
            finally:
                self.settimeout(usual)

    class Secure(ssl.SSLSocket):
        def recv_into(self, *arguments: Any) -> int:
            usual = self.gettimeout()
            allow(self, usual)
            try:
                return super().recv_into(*arguments)
            finally:
                self.settimeout(usual)

    class Connection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            timed = Plain(made.family, made.type, made.proto, fileno=made.detach())
            timed.settimeout(self.timeout if isinstance(self.timeout, int | float) else None)
            return timed

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    context = create_urllib3_context()
    context.load_default_certs()
    context.sslsocket_class = Secure
    pool.pool_classes_by_scheme = {"http": Pool, "https": HTTPSConnectionPool}
    pool.connection_pool_kw["ssl_context"] = context
