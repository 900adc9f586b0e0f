"""HTTP requests and answers as data: their heads are written and parsed here, and nothing is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from metricrig._core.http.errors import NotHttp

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUS = re.compile(rb"HTTP/1\.([01]) +([1-5]\d\d)(?: +([^\r\n]*))?\Z")
_LENGTH = re.compile(r"\d{1,18}\Z", re.ASCII)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;.*)?\r?\Z", re.DOTALL)
# What stands in a path and its query as it is; other characters are quoted.
_PLAIN = "/?&=%:;,@+$!*'()"
_BODILESS = (204, 304)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """``target`` is the path with its query; what cannot stand there as it is gets quoted."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def head(self, host: str) -> bytes:
        """The lines before the body."""
        headers = {"Host": host, "Accept-Encoding": "identity", **self.headers}
        if self.body is not None or self.method != "GET":
            headers["Content-Length"] = str(len(self.body or b""))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {quote(self.target, _PLAIN)} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server said. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes | bytearray
    """A bytearray where it is large: to copy a page of 10 MB takes a third as long as to fetch it."""
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP

    @property
    def text(self) -> str:
        """The body, and something readable if there is none."""
        return self.body.decode(errors="replace").strip()


@dataclass(frozen=True, slots=True)
class Head:
    """The first lines of an answer."""

    status: int
    reason: str
    headers: Mapping[str, str]
    newer: bool
    """HTTP/1.1, whose connections stay open unless it is said that they do not."""

    @property
    def interim(self) -> bool:
        """Whether another head follows."""
        return self.status < 200  # noqa: PLR2004 - HTTP

    @property
    def stays_open(self) -> bool:
        """Whether the server is willing to be asked again."""
        said = self.headers.get("connection", "").lower()
        return "close" not in said if self.newer else "keep-alive" in said

    @property
    def chunked(self) -> bool:
        """Whether its body comes in chunks."""
        if self.status in _BODILESS:
            return False
        coding = self.headers.get("transfer-encoding", "identity").lower()
        if coding not in {"identity", "chunked"}:
            raise NotHttp(f"the transfer coding {coding!r} was not asked for")
        return coding == "chunked"

    @property
    def length(self) -> int | None:
        """The bytes of its body, if that is said or known."""
        if self.status in _BODILESS:
            return 0
        said = self.headers.get("content-length")
        if said is None:
            return None
        lengths = {each.strip() for each in said.split(",")}
        (length, *others) = lengths
        if others or not _LENGTH.match(length):
            raise NotHttp(f"Content-Length: {said[:80]!r} is no length")
        return int(length)


def read_head(lines: bytes) -> Head:
    """The head of an answer, from what stands before its empty line."""
    first, *rest = (line.rstrip(b"\r") for line in lines.split(b"\n"))
    status = _STATUS.match(first)
    if status is None:
        raise NotHttp(f"not an HTTP answer: {first[:80]!r}")
    headers: dict[str, str] = {}
    for line in rest:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise NotHttp(f"{line[:80]!r} is no header")
        key, said = name.strip().lower(), value.strip()
        headers[key] = f"{headers[key]}, {said}" if key in headers else said
    return Head(int(status[2]), (status[3] or b"").decode("latin-1"), headers, status[1] == b"1")


def chunk_size(line: bytes) -> int:
    """The size of a chunk, from the line before it."""
    found = _CHUNK.match(line)
    if found is None:
        raise NotHttp(f"{line[:80]!r} is no size of a chunk")
    return int(found[1], 16)
