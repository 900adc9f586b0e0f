"""Requests and responses of HTTP/1.1, as bytes and as data. No I/O."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from metricrig._core.frozen_class import frozen, made_by

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD_BYTES_AT_MOST = 64 * 1024
BODY_BYTES_AT_MOST = 8 * 1024 * 1024
"""A thousand proxies are populated with a tenth of this."""


class Malformed(Exception):
    """What came is no request; the connection is closed after the ``status`` has been told."""

    def __init__(self, status: HTTPStatus) -> None:
        self.status = status
        super().__init__(status.phrase)


@frozen
class RequestHead:
    """What a request says before its body; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    version: str

    @property
    def kept(self) -> bool:
        """Whether another request may follow on this connection."""
        options = self.headers.get("connection", "").lower()
        return "close" not in options and (self.version == "HTTP/1.1" or "keep-alive" in options)

    @property
    def chunked(self) -> bool:
        """Whether the body comes in pieces that tell their own lengths."""
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    @property
    def body_length(self) -> int:
        """The bytes of the body that is to come, where it is not in chunks."""
        told = self.headers.get("content-length", "0")
        if not (told.isascii() and told.isdigit()):
            raise Malformed(HTTPStatus.BAD_REQUEST)
        if len(told) > len(str(BODY_BYTES_AT_MOST)) or int(told) > BODY_BYTES_AT_MOST:
            raise Malformed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return int(told)


@frozen
class Request:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str] = made_by(factory=dict)
    body: bytes = b""


@frozen
class Response:
    """One response."""

    status: HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str] = made_by(factory=dict)

    def encoded(self, *, kept: bool, with_body: bool = True) -> bytes:
        """As it is sent."""
        fields = dict(self.headers)
        if self.status is not HTTPStatus.NO_CONTENT:  # which has no body, and may not tell its length
            fields["Content-Length"] = str(len(self.body))
        if not kept:
            fields["Connection"] = "close"
        head = f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{head}{lines}\r\n".encode("latin-1") + (self.body if with_body else b"")


def head_of(text: bytes) -> RequestHead:
    """Read a request's first lines, without the empty one that ends them."""
    first, *rest = text.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, target, version
        raise Malformed(HTTPStatus.BAD_REQUEST)
    headers = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Malformed(HTTPStatus.BAD_REQUEST)
        headers[name.lower()] = value.strip()
    return RequestHead(words[0], _path(words[1]), headers, words[2])


def _path(target: str) -> str:
    """The path of a target: without the scheme and host that a client may name, and without a query."""
    if "://" in target:
        target = "/" + target.partition("://")[2].partition("/")[2]
    return unquote(target.partition("?")[0])
