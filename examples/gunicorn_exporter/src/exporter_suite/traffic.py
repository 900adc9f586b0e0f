"""Requests, as many as are counted."""

from __future__ import annotations

import contextlib
import http.client
import select
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from metricrig import Instance

PATIENCE = 15.0
Answer = tuple[int, str]
"""Status and text."""


def ask(server: Instance, path: str = "/", *, method: str = "GET", port: str | None = None) -> Answer:
    """One request on a connection of its own."""
    (answer,) = visit(server, 1, path, method=method, port=port)
    return answer


def visit(
    server: Instance,
    times: int,
    path: str = "/",
    *,
    method: str = "GET",
    port: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> list[Answer]:
    """Several requests, one after the other, on one connection for as long as the server keeps it open."""
    number = server.ports[port] if port else server.port
    connection = http.client.HTTPConnection(server.host, number, timeout=PATIENCE)
    answers = []
    try:
        for _ in range(times):
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            answers.append((answer.status, answer.read().decode()))
    finally:
        connection.close()
    return answers


def crowd(server: Instance, clients: int, each: int, path: str = "/") -> list[Answer]:
    """As many clients at once, each with some requests."""
    with ThreadPoolExecutor(clients) as pool:
        visits = [pool.submit(visit, server, each, path) for _ in range(clients)]
        return [answer for done in visits for answer in done.result()]


class Question:
    """A request that has been sent, and whose answer nobody has to wait for."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def answered(self, within: float) -> bool:
        """Whether an answer begins to arrive in so many seconds."""
        return bool(select.select([self._connection.sock], [], [], within)[0])

    def answer(self) -> Answer:
        """What the server says, as soon as it does; once."""
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()


@contextlib.contextmanager
def asking(server: Instance, path: str = "/", *, port: str | None = None) -> Iterator[Question]:
    """Send a request, and go on."""
    number = server.ports[port] if port else server.port
    with contextlib.closing(http.client.HTTPConnection(server.host, number, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        yield Question(connection)
