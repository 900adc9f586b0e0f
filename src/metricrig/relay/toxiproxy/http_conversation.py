"""One client's requests, put together from the pieces in which they come, and what is to be sent back. No I/O."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from metricrig.relay.toxiproxy.http_messages import (
    BODY_BYTES_AT_MOST,
    HEAD_BYTES_AT_MOST,
    Malformed,
    Request,
    Response,
    head_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.relay.toxiproxy.http_messages import RequestHead

_LINE = b"\r\n"
_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NOTHING_YET = None


class HttpConversation:
    """A connection's side of the server: ``receive`` what has come, and send what it returns."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self.ended = False
        """Nothing more is read; the connection is closed when all has been sent."""
        self._answer = answer
        self._waiting = bytearray()
        self._searched = 0
        """How much of that has no end of a head in it: it is not searched again with every piece."""
        self._head: RequestHead | None = None
        self._body = bytearray()

    def receive(self, piece: bytes) -> bytes:
        """What is to be sent, now that this has come too."""
        self._waiting += piece
        sent = b""
        try:
            while not self.ended and (more := self._next()) is not _NOTHING_YET:
                sent += more
        except Malformed as error:
            self.ended = True
            text = f"{error.status.value} {error.status.phrase}"
            sent += Response(error.status, text.encode(), _PLAIN).encoded(kept=False)
        return sent

    def _next(self) -> bytes | None:
        """What the next thing that is complete is answered with."""
        if self._head is None:
            return self._begun()
        complete = self._chunks_are_in() if self._head.chunked else self._body_is_in(self._head.body_length)
        return self._answered(self._head) if complete else _NOTHING_YET

    def _begun(self) -> bytes | None:
        text = self._until(_LINE * 2, HEAD_BYTES_AT_MOST)
        if text is _NOTHING_YET:
            return _NOTHING_YET
        self._head = head_of(text.lstrip(_LINE))
        self._body.clear()
        return _CONTINUE if self._head.headers.get("expect", "").lower() == "100-continue" else b""

    def _answered(self, head: RequestHead) -> bytes:
        self._head = None
        self.ended = not head.kept
        response = self._answer(Request(head.method, head.path, head.headers, bytes(self._body)))
        return response.encoded(kept=head.kept, with_body=head.method != "HEAD")

    def _body_is_in(self, length: int) -> bool:
        if len(self._waiting) < length:
            return False
        self._body += self._taken(length)
        return True

    def _chunks_are_in(self) -> bool:
        """Take the chunks that are complete; each tells its length in a line of its own. The last one has none."""
        while (line := self._waiting.find(_LINE, 0, HEAD_BYTES_AT_MOST)) >= 0:
            length = _chunk_length(bytes(self._waiting[:line]))
            if length == 0:
                return self._trailers_are_in(line)
            if len(self._body) + length > BODY_BYTES_AT_MOST:
                raise Malformed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            whole = line + len(_LINE) + length + len(_LINE)
            if len(self._waiting) < whole:
                return False
            self._body += self._taken(whole)[line + len(_LINE) : -len(_LINE)]
        self._bounded(HEAD_BYTES_AT_MOST)
        return False

    def _trailers_are_in(self, last: int) -> bool:
        """An empty line ends them; nobody looks at them."""
        if (end := self._waiting.find(_LINE * 2, last)) < 0:
            self._bounded(HEAD_BYTES_AT_MOST)
            return False
        self._taken(end + 2 * len(_LINE))
        return True

    def _until(self, mark: bytes, at_most: int) -> bytes | None:
        end = self._waiting.find(mark, max(0, self._searched - len(mark)), at_most)
        self._searched = len(self._waiting) if end < 0 else 0
        if end < 0:
            self._bounded(at_most)
            return _NOTHING_YET
        return self._taken(end + len(mark))[: -len(mark)]

    def _taken(self, length: int) -> bytes:
        taken = bytes(self._waiting[:length])
        del self._waiting[:length]
        return taken

    def _bounded(self, at_most: int) -> None:
        if len(self._waiting) >= at_most:
            raise Malformed(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def _chunk_length(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits or digits.strip(b"0123456789abcdefABCDEF"):
        raise Malformed(HTTPStatus.BAD_REQUEST)
    if len(digits) > len(f"{BODY_BYTES_AT_MOST:x}"):
        raise Malformed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(digits, 16)
