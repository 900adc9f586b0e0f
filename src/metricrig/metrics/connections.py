"""Connections to one server that stay open, and what exactly has happened when one of them fails.

By http.client: to post a large body takes half of the CPU that urllib3 took, whose other services were not used here.
"""

from __future__ import annotations

import contextlib
import select
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from metricrig._core.errors import DeadlineExceeded, MetricrigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPConnection

CONNECT_WITHIN = 5.0
# What stands in a path and its query as it is; other characters are quoted.
_PLAIN = "/?&=%:;,@+$!*'()"


class Unreachable(MetricrigError):
    """No connection could be made, so nothing was sent."""


class Broken(MetricrigError):
    """The connection broke after the request had begun: the server may have acted on it, or not."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; the server may be silent for ``within`` seconds."""

    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]
    within: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP

    @property
    def text(self) -> str:
        """The body, and something readable if there is none."""
        return self.body.decode(errors="replace").strip()


class Connections:
    """As many as are needed at once, of which so many are kept."""

    def __init__(self, url: str, kept: int) -> None:
        self._url = url
        self._kept = kept
        self._idle: list[HTTPConnection] = []
        weakref.finalize(self, _closed, self._idle)  # nobody has to close a client

    def ask(self, request: Request) -> Answer:
        """Once: nothing is sent again."""
        connection = self._alive() or self._opened(request.within)
        with contextlib.ExitStack() as unless_kept:
            unless_kept.callback(connection.close)
            answer = self._asked(connection, request)
            if connection.sock is not None and len(self._idle) < self._kept:
                unless_kept.pop_all()
                self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close those that are idle; the next request opens a new one."""
        _closed(self._idle)

    def _asked(self, connection: HTTPConnection, request: Request) -> Answer:
        from http.client import HTTPException  # noqa: PLC0415 - see below

        about = urlsplit(request.path).path
        connection.sock.settimeout(request.within)
        try:
            return _answer(connection, request)
        except TimeoutError:
            raise DeadlineExceeded(
                self._url, wanted=f"an answer to {about}", seen="nothing", within=request.within
            ) from None
        except (OSError, HTTPException) as error:
            raise Broken(f"{self._url}: the connection broke during {about} ({_short(error)})") from None

    def _alive(self) -> HTTPConnection | None:
        """One that the server has not closed in the meantime."""
        with contextlib.suppress(IndexError):  # none is left, perhaps because another thread was quicker
            while True:
                connection = self._idle.pop()
                poll = select.poll()
                poll.register(connection.sock, select.POLLIN)
                if not poll.poll(0):
                    return connection
                connection.close()
        return None

    def _opened(self, within: float) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - 20 ms that only talking needs

        parts = urlsplit(self._url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=min(CONNECT_WITHIN, within))
        try:
            connection.connect()
        except OSError as error:
            raise Unreachable(f"{self._url}: no connection ({_short(error)}); is the server running?") from None
        return connection


def _closed(several: list[HTTPConnection]) -> None:
    with contextlib.suppress(IndexError):
        while True:
            several.pop().close()


def _answer(connection: HTTPConnection, request: Request) -> Answer:
    whole = False
    # A server that refuses a large body may answer, and read no more of it.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(request.method, quote(request.path, _PLAIN), request.body, dict(request.headers))
        whole = True
    response = connection.getresponse()
    answer = Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, response.read())
    if not whole:
        connection.close()
    return answer


def _short(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (said or type(error).__name__).lower()
