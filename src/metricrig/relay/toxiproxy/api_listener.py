"""Where the API listens, and the connections that it has: on the relay's own loop, between one turn and the next."""

from __future__ import annotations

import socket
from http import HTTPStatus
from typing import TYPE_CHECKING

from metricrig.relay.server.event_loop import READ, WRITE
from metricrig.relay.toxiproxy.api import answer, refusal
from metricrig.relay.toxiproxy.api_errors import ApiError
from metricrig.relay.toxiproxy.http_conversation import HttpConversation
from metricrig.relay.toxiproxy.listen_address import LOOPBACK
from metricrig.relay.toxiproxy.proxies import Proxies
from metricrig.relay.toxiproxy.proxy_routes import ProxyRoutes

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from metricrig.relay.server.event_loop import EventLoop
    from metricrig.relay.toxiproxy.http_messages import Request, Response

_BACKLOG = 128
_PIECE = 1 << 16


class ApiListener:
    """The API of a relay that carries out these orders."""

    def __init__(self, loop: EventLoop, carry_out: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._loop = loop
        self._proxies = Proxies(ProxyRoutes(carry_out))
        self._listener = socket.create_server((LOOPBACK, 0), backlog=_BACKLOG)
        self._listener.settimeout(0)
        self.address: tuple[str, int] = self._listener.getsockname()
        loop.watch(self._listener.fileno(), READ, self._accept)

    def _accept(self, _: int) -> None:
        try:
            connection, _address = self._listener.accept()
        except OSError:  # it was gone before it was accepted
            return
        _ApiConnection(connection, self._loop, self._answer)

    def _answer(self, request: Request) -> Response:
        try:
            return answer(request, self._proxies)
        except Exception as error:  # noqa: BLE001 - a defect of the API must not end the links
            return refusal(ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}"))


class _ApiConnection:
    """With one client."""

    def __init__(self, connection: socket.socket, loop: EventLoop, answer: Callable[[Request], Response]) -> None:
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket, self._loop = connection, loop
        self._conversation = HttpConversation(answer)
        self._to_send = b""
        self._watch()

    def _ready(self, found: int) -> None:
        try:
            if found & ~WRITE and not self._to_send:  # one answer after the other, however many are asked for
                self._receive()
            if self._to_send:
                self._to_send = self._to_send[self._socket.send(self._to_send) :]
        except BlockingIOError:
            pass
        except OSError:
            self._close()
            return
        if self._conversation.ended and not self._to_send:
            self._close()
        else:
            self._watch()

    def _receive(self) -> None:
        piece = self._socket.recv(_PIECE)
        if not piece:
            raise ConnectionError("it hung up")
        self._to_send = self._conversation.receive(piece)

    def _watch(self) -> None:
        self._loop.watch(self._socket.fileno(), WRITE if self._to_send else READ, self._ready)

    def _close(self) -> None:
        self._loop.forget(self._socket.fileno())
        self._socket.close()
