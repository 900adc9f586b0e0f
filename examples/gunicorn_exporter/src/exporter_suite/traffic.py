"""Requests, as many as are counted."""

from __future__ import annotations

import contextlib
import http.client
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig import Instance

PATIENCE = 15.0


def ask(server: Instance, path: str = "/", *, method: str = "GET", port: str | None = None) -> tuple[int, str]:
    """One request on a connection of its own: status and text."""
    ((status, text),) = visit(server, 1, path, method=method, port=port)
    return status, text


def visit(
    server: Instance, times: int, path: str = "/", *, method: str = "GET", port: str | None = None
) -> list[tuple[int, str]]:
    """Several requests, one after the other, on one connection for as long as the server keeps it open."""
    number = server.ports[port] if port else server.port
    connection = http.client.HTTPConnection(server.host, number, timeout=PATIENCE)
    answers = []
    try:
        for _ in range(times):
            connection.request(method, path)
            answer = connection.getresponse()
            answers.append((answer.status, answer.read().decode()))
    finally:
        connection.close()
    return answers


class Question:
    """A request that has been sent, and whose answer nobody has to wait for."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def answered(self, within: float) -> bool:
        """Whether an answer begins to arrive in so many seconds."""
        return bool(select.select([self._connection.sock], [], [], within)[0])

    def answer(self) -> tuple[int, str]:
        """Status and text, as soon as they are there; once."""
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()


@contextlib.contextmanager
def asking(server: Instance, path: str = "/", *, port: str | None = None) -> Iterator[Question]:
    """Send a request, and go on."""
    number = server.ports[port] if port else server.port
    with contextlib.closing(http.client.HTTPConnection(server.host, number, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        yield Question(connection)
