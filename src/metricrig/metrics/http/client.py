"""A client of one server: kept connections, no proxies, no retries that the caller does not know of."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import UsageError
from metricrig._core.http import HttpAnswer, HttpRequest
from metricrig.metrics.http.pool import Broken, Connections, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Fields = Sequence[tuple[str, str]]

__all__ = ["Broken", "HttpAnswer", "Server", "Unreachable"]


class Server:
    """A base URL and the connections to it. ``parameters`` and ``headers`` go with every request."""

    def __init__(
        self,
        url: str,
        *,
        parameters: Fields = (),
        headers: Mapping[str, str] | None = None,
        connections: int = 4,
        trust: str | Path | None = None,
    ) -> None:
        self.url = _checked(url).rstrip("/")
        self.parameters = tuple(parameters)
        self.headers = dict(headers or {})
        self._connections = Connections(self.url, connections, trust)
        self._root = urlsplit(self.url).path

    def get(self, path: str, fields: Fields = (), *, within: float | Deadline = 30.0) -> HttpAnswer:
        """GET with a query string."""
        return self.request("GET", self.address(path, fields), within=within)

    def form(self, path: str, fields: Fields = (), *, within: float | Deadline = 30.0) -> HttpAnswer:
        """POST a form, which holds queries of any length."""
        content = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode([*fields, *self.parameters]).encode()
        return self.request("POST", self.url + path, body=body, headers=content, within=within)

    def address(self, path: str, fields: Fields = ()) -> str:
        """The whole URL of a page."""
        query = urlencode([*fields, *self.parameters])
        return f"{self.url}{path}?{query}" if query else self.url + path

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        within: float | Deadline = 30.0,
    ) -> HttpAnswer:
        """One request, once, whose whole answer has come by then. Nothing is sent again: that is the caller's."""
        path = self._root + (url.removeprefix(self.url) or "/")
        deadline = within if isinstance(within, Deadline) else Deadline.after(within)
        return self._connections.ask(HttpRequest(method, path, {**self.headers, **(headers or {})}, body), deadline)

    @property
    def connected(self) -> int:
        """How often a connection was made. While it stays the same, so does the server behind it."""
        return self._connections.opened

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        self._connections.close()


def _checked(url: str) -> str:
    """Without a scheme it is http."""
    full = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(full)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(f"{url!r} is no URL of a server: http://127.0.0.1:8428 is one")
    return full
