"""A connection to a server: one deadline covers opening it, asking, and reading the answer."""

from __future__ import annotations

import select
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from metricrig._core.http.content import answer_limit, body_of
from metricrig._core.http.errors import NotHttp, OutOfTime
from metricrig._core.http.exchange import HttpAnswer, HttpRequest, read_head
from metricrig._core.http.stream import TimedStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ssl import SSLContext

    from metricrig._core.deadlines import Deadline
    from metricrig._core.http.exchange import Head

HEAD_BYTES = 1 << 16
"""Bytes of the longest head that is read."""
_INTERIM = 20
"""Interim answers, such as ``100 Continue``, that are accepted before the real one."""
_SMALL = 1 << 16
_LONGEST_NAME = 63
"""Characters of a host's name in which no part can be too long."""


class HttpConnection:
    """A connection for one thread at a time. The deadline does not cover looking up a name: the system has its own."""

    def __init__(self, host: str, port: int, tls: SSLContext | None = None) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._socket: socket.socket | None = None
        self._usual = port == (443 if tls else 80)
        self._whole = False

    @property
    def is_open(self) -> bool:
        """Whether it can be asked without being opened."""
        return self._socket is not None

    @property
    def undisturbed(self) -> bool:
        """Whether nothing has arrived while it was idle, neither its end nor data."""
        if self._socket is None:
            return False
        looking = select.poll()
        looking.register(self._socket, select.POLLIN)
        return not looking.poll(0)

    def open(self, deadline: Deadline) -> None:
        """Connect, and agree on keys where it is TLS."""
        error: OSError = OSError(f"{self._host} has no address")
        for family, kind, protocol, _, address in _addresses(self._host, self._port):
            fresh = socket.socket(family, kind, protocol)
            try:
                fresh.settimeout(_left(deadline))
                fresh.connect(address)
                fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket = self._secured(fresh, deadline)
            except OSError as failure:
                fresh.close()
                error = OutOfTime(deadline.within, "nothing") if isinstance(failure, TimeoutError) else failure
            except BaseException:
                fresh.close()
                raise
            else:
                return
        raise error

    def ask(self, request: HttpRequest, deadline: Deadline) -> HttpAnswer:
        """One request and its answer; opens it if need be. After any error it is closed."""
        self.send(request, deadline)
        return self.receive(deadline)

    def send(self, request: HttpRequest, deadline: Deadline) -> None:
        """The first half of ``ask``. A server that refuses a large body may answer, and read no more of it."""
        if self._socket is None:
            self.open(deadline)
        head = request.head(self._host_header())
        body = request.body or b""
        self._whole = False
        with self._closed_on_error() as connection:
            stream = TimedStream(connection, deadline)
            try:
                with suppress(BrokenPipeError, ConnectionResetError):
                    if len(body) <= _SMALL:
                        stream.send(head + body)
                    else:
                        stream.send(head)
                        stream.send(body)
                    self._whole = True
            except TimeoutError:
                raise OutOfTime(deadline.within, "the server had not even read the request") from None

    def receive(self, deadline: Deadline, limit: int | None = None) -> HttpAnswer:
        """The second half of ``ask``: read the answer."""
        with self._closed_on_error() as connection:
            _acknowledge_at_once(connection)
            stream = TimedStream(connection, deadline)
            try:
                head = _head(stream)
                body = body_of(stream, head, answer_limit() if limit is None else limit)
            except TimeoutError:
                raise stream.out_of_time() from None
        known = head.chunked or head.length is not None
        if not (self._whole and known and head.stays_open) or stream.ahead:
            self.close()
        return HttpAnswer(head.status, head.headers, body, head.reason)

    def close(self) -> None:
        """Close it; the next request opens it anew."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @contextmanager
    def _closed_on_error(self) -> Iterator[socket.socket]:
        if self._socket is None:
            raise NotHttp("the connection was closed before it was answered")
        try:
            yield self._socket
        except BaseException:
            self.close()
            raise

    def _secured(self, plain: socket.socket, deadline: Deadline) -> socket.socket:
        if self._tls is None:
            return plain
        plain.settimeout(_left(deadline))
        return self._tls.wrap_socket(plain, server_hostname=self._host)

    def _host_header(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return host if self._usual else f"{host}:{self._port}"


def get(host: str, port: int, path: str, deadline: Deadline, tls: SSLContext | None = None) -> HttpAnswer:
    """One GET, on a connection of its own."""
    connection = HttpConnection(host, port, tls)
    try:
        return connection.ask(HttpRequest("GET", path, {"Accept": "*/*", "Connection": "close"}), deadline)
    finally:
        connection.close()


def _addresses(host: str, port: int) -> list[tuple[int, int, int, str, Any]]:
    # As bytes, because Python loads its tables of international names for a text, 1 ms, though it be ASCII.
    name = host.encode("ascii") if host.isascii() and len(host) <= _LONGEST_NAME else host
    try:
        return list(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
    except UnicodeError as error:  # a label of 64 characters
        raise OSError(f"{host!r} is no name of a host: {error}") from None


def _head(stream: TimedStream) -> Head:
    for _ in range(_INTERIM):
        head = read_head(_lines(stream))
        if not head.interim:
            return head
    raise NotHttp(f"more than {_INTERIM} answers such as 100 Continue, and none that is one")


def _lines(stream: TimedStream) -> bytes:
    """Up to the empty line, which small servers write with a bare newline."""
    lines = list[bytes]()
    left = HEAD_BYTES
    while (line := stream.until(b"\n", left, "the head of its answer").rstrip(b"\r")) or not lines:
        if not lines and not line.startswith(b"HTTP/"):  # said at once: the rest may never come
            raise NotHttp(f"not an HTTP answer: {line[:80]!r}")
        lines.append(line)
        left -= len(line)
    return b"\n".join(lines)


def _left(deadline: Deadline) -> float:
    if not (left := deadline.remaining):
        raise TimeoutError
    return left


def _acknowledge_at_once(connection: socket.socket) -> None:
    """Many small servers send head and body apart, and the body waits for our acknowledgement: 40 ms if it is delayed.

    The kernel forgets this after a while, so it is said with every request.
    """
    option = getattr(socket, "TCP_QUICKACK", None)
    if option is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, 1)
