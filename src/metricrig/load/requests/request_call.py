"""One HTTP request as a call of an open or a closed loop, on connections that are kept: some 5,000 a second."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from metricrig._core.arguments import text, wrong
from metricrig._core.errors import MetricrigError
from metricrig._core.http.exchange import HttpRequest
from metricrig._core.tls import trusting
from metricrig.load.requests.kept_connection import KeptConnection
from metricrig.metrics.times import duration

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

_FAILURE = 400
"""The first status that is one."""
_PORTS = {"http": 80, "https": 443}


class BadStatus(MetricrigError):
    """A server answered that it has failed, or that the request was wrong."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(f"{status} {reason}".strip())


class RequestTimeout(MetricrigError, TimeoutError):
    """No whole answer in time."""


class RequestCall:
    """A coroutine function: it makes one request, and raises if it fails or is answered with 400 or more."""

    def __init__(self, url: str, request: HttpRequest, *, timeout: float, trust: str | None) -> None:
        parts = urlsplit(url)
        self.url, self.request, self.timeout, self.trust = url, request, timeout, trust
        self.__name__ = f"{request.method} {parts.path or '/'}"
        self._host, self._port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        self._tls = parts.scheme == "https"
        self._bytes = request.head(parts.netloc.rpartition("@")[2]) + (request.body or b"")
        self._idle: list[KeptConnection] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._keeper: AsyncGenerator[None] | None = None

    async def __call__(self) -> None:
        """Make it."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            await self._keep_connections(loop)
        connection: KeptConnection | None = None
        asking = asyncio.current_task()
        late = False

        def give_up() -> None:
            nonlocal late
            late = True
            if asking is not None:
                asking.cancel()

        timer = loop.call_later(self.timeout, give_up)
        try:
            connection = self._kept() or await self._opened(loop)
            head = await connection.ask(self._bytes, bodiless=self.request.method == "HEAD")
        except asyncio.CancelledError:
            if not late:
                raise
            if asking is not None:
                asking.uncancel()
            raise RequestTimeout(f"no answer within {self.timeout:g} s") from None
        finally:
            timer.cancel()
        if connection.usable:
            self._idle.append(connection)
        if head.status >= _FAILURE:
            raise BadStatus(head.status, head.reason)

    def _kept(self) -> KeptConnection | None:
        while self._idle:
            if (connection := self._idle.pop()).usable:
                return connection
        return None

    async def _opened(self, loop: asyncio.AbstractEventLoop) -> KeptConnection:
        tls = trusting(self.trust) if self._tls else None
        _, connection = await loop.create_connection(KeptConnection, self._host, self._port, ssl=tls)
        return connection

    async def _keep_connections(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connections belong to a loop, and a loop that ends closes its generators: this one closes them."""
        idle: list[KeptConnection] = []
        self._loop, self._idle = loop, idle

        async def kept() -> AsyncGenerator[None]:
            try:
                yield
            finally:
                for each in idle:
                    each.close()
                await asyncio.sleep(0)  # closing takes the loop's next turn

        self._keeper = kept()
        await anext(self._keeper)

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process it has connections of its own."""
        return partial(RequestCall, timeout=self.timeout, trust=self.trust), (self.url, self.request)

    def __repr__(self) -> str:
        return f"<RequestCall {self.request.method} {self.url}>"


def request(
    server: Any,
    line: str,
    *,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: Any = 30.0,
) -> RequestCall:
    """A call that makes one request: ``load.request(shop, "POST /buy/ok")``, of an instance or of a URL.

    It fails with 400 or more, without a connection, or without a whole answer in time. Redirects are not followed.
    An instance's https is trusted by its ``trust``, other servers' by what the system trusts.
    """
    who = "load.request"
    method, _, path = text(who, "line", line, f'{who}(shop, "GET /healthz")').partition(" ")
    url = getattr(server, "url", server)
    if not isinstance(url, str) or urlsplit(url).scheme not in _PORTS or not urlsplit(url).hostname:
        raise wrong(who, "server", server, 'an instance with an address of http, or "http://127.0.0.1:8000"')
    if not method.isalpha() or not method.isupper() or not path.startswith("/"):
        raise wrong(who, "line", line, f'a method and a path: {who}(shop, "GET /healthz")')
    content = body.encode() if isinstance(body, str) else body
    whole = urljoin(url, path)
    parts = urlsplit(whole)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    wanted = HttpRequest(method, target, dict(headers or {}), content)
    return RequestCall(whole, wanted, timeout=duration(timeout), trust=getattr(server, "trust", None))
