"""Requests to a server that answers metrics: kept connections, no proxies, no retries behind the caller's back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import DeadlineExceeded, MetricrigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Fields = Sequence[tuple[str, str]]

CONNECT_WITHIN = 5.0


class Unreachable(MetricrigError):
    """No connection could be made, so nothing was sent."""


class Broken(MetricrigError):
    """The connection broke after the request had begun: the server may have acted on it, or not."""


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


class Server:
    """A base URL and the connections to it. ``parameters`` and ``headers`` go with every request."""

    def __init__(
        self, url: str, *, parameters: Fields = (), headers: Mapping[str, str] | None = None, connections: int = 4
    ) -> None:
        self.url = url.rstrip("/")
        self.parameters = tuple(parameters)
        self.headers = dict(headers or {})
        self._connections = connections
        self._made: Any = None

    def get(self, path: str, fields: Fields = (), *, within: float = 30.0) -> Answer:
        """GET with a query string."""
        return self.request("GET", self.address(path, fields), within=within)

    def form(self, path: str, fields: Fields = (), *, within: float = 30.0) -> Answer:
        """POST a form, which holds queries of any length."""
        from urllib.parse import urlencode  # noqa: PLC0415 - beside urllib3, which imports it

        content = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode([*fields, *self.parameters]).encode()
        return self.request("POST", self.url + path, body=body, headers=content, within=within)

    def address(self, path: str, fields: Fields = ()) -> str:
        """The whole URL of a page."""
        from urllib.parse import urlencode  # noqa: PLC0415 - beside urllib3, which imports it

        query = urlencode([*fields, *self.parameters])
        return f"{self.url}{path}?{query}" if query else self.url + path

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        within: float = 30.0,
    ) -> Answer:
        """One request, once. Nothing is sent again: that is the caller's to decide."""
        from urllib3 import Timeout, exceptions  # noqa: PLC0415 - 20 ms that only talking to a server needs

        timeout = Timeout(connect=min(CONNECT_WITHIN, within), read=within)
        try:
            response = self._pool().request(
                method,
                url,
                body=body,
                headers={**self.headers, **(headers or {})},
                timeout=timeout,
                retries=False,
                redirect=False,
            )
        except exceptions.ReadTimeoutError:
            raise DeadlineExceeded(
                self.url, wanted=f"an answer to {_path(url)}", seen="nothing", within=within
            ) from None
        except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, exceptions.NameResolutionError) as error:
            raise Unreachable(f"{self.url}: no connection ({_short(error)}); is the server running?") from None
        except exceptions.HTTPError as error:
            raise Broken(f"{self.url}: the connection broke during {_path(url)} ({_short(error)})") from None
        return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, response.data)

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        if self._made is not None:
            self._made.clear()

    def _pool(self) -> Any:
        if self._made is None:
            import urllib3  # noqa: PLC0415 - see above

            self._made = urllib3.PoolManager(maxsize=self._connections, block=False)
        return self._made


def _path(url: str) -> str:
    from urllib.parse import urlsplit  # noqa: PLC0415 - see above

    return urlsplit(url).path


def _short(error: Exception) -> str:
    """urllib3 puts connections and causes around the words that matter."""
    return str(error).rpartition(": ")[2] or type(error).__name__
