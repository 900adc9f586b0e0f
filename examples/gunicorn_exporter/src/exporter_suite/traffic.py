"""Requests, as many as are counted."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
