"""Fetching metrics pages from a URL, over a connection that stays open between looks."""

from __future__ import annotations

import gzip
import socket
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from metricrig._core.arguments import text
from metricrig._core.errors import MetricrigError, UsageError
from metricrig.metrics.exposition.formats import ACCEPT
from metricrig.metrics.exposition.keys import SeriesKeys
from metricrig.metrics.exposition.page import Page

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse
    from pathlib import Path
    from ssl import SSLContext

PATIENCE = 5.0
"""Seconds without a byte from the server after which one scrape has failed."""
_LOCAL = ("127.", "localhost", "::1")
_OK = 200


class ScrapeFailed(MetricrigError):
    """A page could not be had: ``why``."""

    def __init__(self, url: str, why: str) -> None:
        self.url = url
        self.why = why
        super().__init__(f"GET {url}: {why}")


class Endpoint:
    """A URL with a metrics page. What its pages have in common is read once: asking again is cheap.

    ``trust`` is a PEM file with the authority of an https page, where that is not one that the system knows.
    """

    def __init__(
        self, url: str, *, timeout: float = PATIENCE, accept: str = ACCEPT, trust: str | Path | None = None
    ) -> None:
        self.url = url
        self.timeout = timeout
        self.trust = trust
        parts = urlsplit(text("Endpoint", "url", url, "http://127.0.0.1:8000/metrics"))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"{url!r} is no URL of a metrics page: http://127.0.0.1:8000/metrics is one")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = (parts.path or "/metrics") + (f"?{parts.query}" if parts.query else "")
        # Compressing for the way through loopback costs more than it saves.
        coding = "identity" if parts.hostname.startswith(_LOCAL) else "gzip"
        self._headers = {"Accept": accept, "Accept-Encoding": coding}
        self._connection: HTTPConnection | None = None
        self._tls: SSLContext | None = None
        self._keys = SeriesKeys()

    def page(self, patience: float | None = None) -> Page:
        """Fetch the page now. With ``patience``, the server may be silent for so many seconds only."""
        body, content_type = self._fetched(self.timeout if patience is None else min(patience, self.timeout))
        self._keys.make_room()
        return Page(body, content_type, source=self.url, keys=self._keys)

    def ask(self, patience: float) -> Asked:
        """Ask for the page as it is now, on a connection of its own, and read it later, on any thread."""
        connection = self._connected()
        connection.timeout = patience
        try:
            connection.request("GET", self._path, headers={**self._headers, "Connection": "close"})
        except (OSError, _protocol_error()) as error:
            connection.close()
            raise ScrapeFailed(self.url, _plainly(error, patience)) from error
        return Asked(self.url, connection, patience)

    def close(self) -> None:
        """Close the connection; the next page opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _fetched(self, patience: float) -> tuple[bytes, str | None]:
        # A server closes idle connections when it likes, which is noticed by using one: that is no failure.
        for again in (self._connection is not None, False):
            try:
                return self._asked(patience)
            except (OSError, _protocol_error()) as error:
                self.close()
                if isinstance(error, TimeoutError) or not again:
                    raise ScrapeFailed(self.url, _plainly(error, patience)) from error
        raise AssertionError("the second try returns or raises")

    def _asked(self, patience: float) -> tuple[bytes, str | None]:
        if self._connection is None:
            self._connection = self._connected()
        self._connection.timeout = patience
        if self._connection.sock is not None:
            self._connection.sock.settimeout(patience)
        self._connection.request("GET", self._path, headers=self._headers)
        return _answer(self._connection, self.url)

    def _connected(self) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - 25 ms, and not everybody scrapes

        if not self._secure:
            return HTTPConnection(self._host, self._port, timeout=self.timeout)
        if self._tls is None:
            self._tls = _trusting(self.trust)
        return HTTPSConnection(self._host, self._port, timeout=self.timeout, context=self._tls)

    def __repr__(self) -> str:
        return f"<Endpoint {self.url}>"


class Asked:
    """A page that was asked for, and has yet to be read."""

    def __init__(self, url: str, connection: HTTPConnection, patience: float) -> None:
        self._url = url
        self._connection = connection
        self._patience = patience

    def read(self) -> Answer:
        """What the server answered; once."""
        try:
            return Answer(self._url, *_answer(self._connection, self._url))
        except (OSError, _protocol_error()) as error:
            raise ScrapeFailed(self._url, _plainly(error, self._patience)) from error
        finally:
            self._connection.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """A page as it came."""

    url: str
    body: bytes
    content_type: str | None

    def page(self) -> Page:
        """The page in it."""
        return Page(self.body, self.content_type, source=self.url)


def read(url: str, *, timeout: float = PATIENCE, trust: str | Path | None = None) -> Page:
    """Fetch one page."""
    endpoint = Endpoint(url, timeout=timeout, trust=trust)
    try:
        return endpoint.page()
    finally:
        endpoint.close()


def _answer(connection: HTTPConnection, url: str) -> tuple[bytes, str | None]:
    _acknowledge_at_once(connection.sock)
    response = connection.getresponse()
    body = _decoded(response, response.read(), url)
    if response.status != _OK:
        raise ScrapeFailed(url, f"{response.status} {response.reason}: {body[:200].decode(errors='replace')!r}")
    return body, response.headers.get("Content-Type")


def _decoded(response: HTTPResponse, body: bytes, url: str) -> bytes:
    if response.headers.get("Content-Encoding", "").lower() not in {"gzip", "x-gzip"}:
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise ScrapeFailed(url, f"its gzip is broken: {error}") from error


def _acknowledge_at_once(connection: socket.socket) -> None:
    """Many small servers send head and body apart, and the body waits for our acknowledgement: 40 ms if it is delayed.

    The kernel forgets this after a while, so it is said with every request.
    """
    option = getattr(socket, "TCP_QUICKACK", None)
    if option is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, 1)


def _trusting(authority: str | Path | None) -> SSLContext:
    import ssl  # noqa: PLC0415 - few pages are served by https, and reading the system's authorities takes 20 ms

    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise UsageError(f"trust={str(authority)!r} is no PEM file with an authority: {_plainly(error, 0)}") from error


def _protocol_error() -> type[Exception]:
    from http.client import HTTPException  # noqa: PLC0415

    return HTTPException


def _plainly(error: Exception, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {timeout:g} s"
    if verdict := getattr(error, "verify_message", None):  # of ssl.SSLCertVerificationError
        return f"its certificate is not trusted: {verdict}; say whose it is: Endpoint(url, trust='authority.pem')"
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (said or type(error).__name__).lower()
