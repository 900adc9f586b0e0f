"""A pool of kept connections to one server, and errors that say whether a request had been sent."""

from __future__ import annotations

import contextlib
import weakref
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from metricrig._core.errors import DeadlineExceeded, MetricrigError, UsageError
from metricrig._core.http import HttpConnection, OutOfTime, plainly

if TYPE_CHECKING:
    from pathlib import Path
    from ssl import SSLContext

    from metricrig._core.deadlines import Deadline
    from metricrig._core.http import HttpAnswer, HttpRequest

CONNECT_TIMEOUT_SECONDS = 5.0
"""Seconds for a connection: a server that is there accepts within these."""


class Unreachable(MetricrigError):
    """No connection could be made, so nothing was sent."""


class Broken(MetricrigError):
    """No answer came that is one, after the request had begun: the server may have acted on it, or not."""


class Connections:
    """As many as are needed at once, of which so many are kept."""

    def __init__(self, url: str, kept: int, trust: str | Path | None = None) -> None:
        self._url = url
        self._trust = trust
        self._kept = kept
        self._idle: list[HttpConnection] = []
        self.opened = 0
        """So many in all: another server may answer at the address since the last one."""
        weakref.finalize(self, _closed, self._idle)  # nobody has to close a client

    def ask(self, request: HttpRequest, deadline: Deadline) -> HttpAnswer:
        """Once: nothing is sent again."""
        connection = self._alive() or self._opened(deadline)
        with contextlib.ExitStack() as unless_kept:
            unless_kept.callback(connection.close)
            answer = self._asked(connection, request, deadline)
            if connection.is_open and len(self._idle) < self._kept:
                unless_kept.pop_all()
                self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close those that are idle; the next request opens a new one."""
        _closed(self._idle)

    def _asked(self, connection: HttpConnection, request: HttpRequest, deadline: Deadline) -> HttpAnswer:
        about = urlsplit(request.target).path
        try:
            return connection.ask(request, deadline)
        except OutOfTime as error:
            raise DeadlineExceeded(
                self._url, wanted=f"an answer to {about}", seen=error.seen, within=deadline.within
            ) from None
        except OSError as error:
            raise Broken(f"{self._url}: no answer to {about}: {plainly(error)}") from None

    def _alive(self) -> HttpConnection | None:
        """One that the server has not closed in the meantime."""
        with contextlib.suppress(IndexError):  # none is left, perhaps because another thread was quicker
            while True:
                connection = self._idle.pop()
                if connection.undisturbed:
                    return connection
                connection.close()
        return None

    def _opened(self, deadline: Deadline) -> HttpConnection:
        parts = urlsplit(self._url)
        secure = parts.scheme == "https"
        connection = HttpConnection(
            parts.hostname or "", parts.port or (443 if secure else 80), self._tls() if secure else None
        )
        try:
            connection.open(deadline.capped(CONNECT_TIMEOUT_SECONDS))
        except OSError as error:
            raise Unreachable(f"{self._url}: no connection ({plainly(error)}); is the server running?") from None
        self.opened += 1
        return connection

    def _tls(self) -> SSLContext:
        from metricrig._core.tls import trusting  # noqa: PLC0415 - few servers are asked by https

        try:
            return trusting(self._trust)
        except OSError as error:
            raise UsageError(
                f"trust={str(self._trust)!r} is no PEM file with an authority: {plainly(error)}"
            ) from error


def _closed(several: list[HttpConnection]) -> None:
    with contextlib.suppress(IndexError):
        while True:
            several.pop().close()
