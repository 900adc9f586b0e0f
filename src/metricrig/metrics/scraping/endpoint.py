"""A URL with a metrics page, and a connection to it that stays open between fetches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from metricrig._core.arguments import text
from metricrig._core.deadlines import Deadline
from metricrig._core.errors import MetricrigError, UsageError
from metricrig._core.http import HttpConnection, HttpRequest, plainly
from metricrig.metrics.exposition.decoding import ACCEPT
from metricrig.metrics.exposition.page import Page
from metricrig.metrics.exposition.series_keys import SeriesKeys

if TYPE_CHECKING:
    from pathlib import Path
    from ssl import SSLContext

    from metricrig._core.http import HttpAnswer


SCRAPE_TIMEOUT_SECONDS = 5.0
"""Seconds after which one scrape has failed, whatever has come of it until then."""
_LOCAL_HOST_PREFIXES = ("127.", "localhost", "::1")
_HTTP_OK = 200


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
        self,
        url: str,
        *,
        timeout: float = SCRAPE_TIMEOUT_SECONDS,
        accept: str = ACCEPT,
        trust: str | Path | None = None,
    ) -> None:
        self.url = url
        self.timeout = timeout
        self.trust = trust
        parts = urlsplit(text("Endpoint", "url", url, "http://127.0.0.1:8000/metrics"))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"{url!r} is no URL of a metrics page: http://127.0.0.1:8000/metrics is one")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port or (443 if self._secure else 80)
        path = (parts.path or "/metrics") + (f"?{parts.query}" if parts.query else "")
        # Compressing for the way through loopback costs more than it saves.
        coding = "identity" if parts.hostname.startswith(_LOCAL_HOST_PREFIXES) else "gzip"
        self._request = HttpRequest("GET", path, {"Accept": accept, "Accept-Encoding": coding})
        self._connection: HttpConnection | None = None
        self._keys = SeriesKeys()

    def page(self, patience: float | None = None) -> Page:
        """Fetch the page now: all of it has come within ``patience`` seconds, or it is an error."""
        body, content_type = self._fetched(self._deadline(patience))
        self._keys.make_room()
        return Page(body, content_type, source=self.url, keys=self._keys)

    def ask(self, patience: float) -> PendingPage:
        """Ask for the page as it is now, on a connection of its own, and read it later, on any thread."""
        connection, deadline = self._connected(), Deadline.exactly(patience)
        request = HttpRequest("GET", self._request.target, {**self._request.headers, "Connection": "close"})
        try:
            connection.send(request, deadline)
        except OSError as error:
            raise ScrapeFailed(self.url, _plainly(error)) from error
        return PendingPage(self.url, connection, deadline)

    def close(self) -> None:
        """Close the connection; the next page opens another."""
        if self._connection is not None:
            self._connection.close()

    def _deadline(self, patience: float | None) -> Deadline:
        usual = Deadline.after(self.timeout)
        return usual if patience is None or patience >= usual.within else Deadline.exactly(patience)

    def _fetched(self, deadline: Deadline) -> tuple[bytes | bytearray, str | None]:
        if self._connection is None:
            self._connection = self._connected()
        # A server closes idle connections when it likes, which is noticed by using one: that is no failure.
        for again in (self._connection.is_open, False):
            try:
                return _content(self._connection.ask(self._request, deadline), self.url)
            except OSError as error:
                if isinstance(error, TimeoutError) or not again:
                    raise ScrapeFailed(self.url, _plainly(error)) from error
        raise AssertionError("the second try returns or raises")

    def _connected(self) -> HttpConnection:
        return HttpConnection(self._host, self._port, self._tls() if self._secure else None)

    def _tls(self) -> SSLContext:
        from metricrig._core.tls import trusting  # noqa: PLC0415 - few pages are served by https

        try:
            return trusting(self.trust)
        except OSError as error:
            why = plainly(error)
            raise UsageError(f"trust={str(self.trust)!r} is no PEM file with an authority: {why}") from error

    def __repr__(self) -> str:
        return f"<Endpoint {self.url}>"


class PendingPage:
    """A page that was asked for, and has yet to be read."""

    def __init__(self, url: str, connection: HttpConnection, deadline: Deadline) -> None:
        self._url = url
        self._connection = connection
        self._deadline = deadline

    def read(self) -> FetchedPage:
        """What the server answered; once."""
        try:
            return FetchedPage(self._url, *_content(self._connection.receive(self._deadline), self._url))
        except OSError as error:
            raise ScrapeFailed(self._url, _plainly(error)) from error
        finally:
            self._connection.close()


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as it came."""

    url: str
    body: bytes | bytearray
    content_type: str | None

    def page(self) -> Page:
        """The page in it."""
        return Page(self.body, self.content_type, source=self.url)


def read(url: str, *, timeout: float = SCRAPE_TIMEOUT_SECONDS, trust: str | Path | None = None) -> Page:
    """Fetch one page, all of it within ``timeout`` seconds."""
    endpoint = Endpoint(url, timeout=timeout, trust=trust)
    try:
        return endpoint.page()
    finally:
        endpoint.close()


def _content(answer: HttpAnswer, url: str) -> tuple[bytes | bytearray, str | None]:
    if answer.status != _HTTP_OK:
        raise ScrapeFailed(url, f"{answer.status} {answer.reason}: {answer.body[:200].decode(errors='replace')!r}")
    return answer.body, answer.headers.get("content-type")


def _plainly(error: OSError) -> str:
    said = plainly(error)
    if hasattr(error, "verify_message"):
        return f"{said}; say whose it is: Endpoint(url, trust='authority.pem'), Service(..., trust='authority.pem')"
    return said
