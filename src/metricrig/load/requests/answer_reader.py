"""Reads one HTTP answer from pieces as they arrive: its head, and how far its body goes. The body itself is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.http.connection import HEAD_BYTES
from metricrig._core.http.errors import NotHttp
from metricrig._core.http.exchange import chunk_size, read_head

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig._core.http.exchange import Head

_LONGEST_LINE = 8192
"""Bytes of a line between chunks."""


class AnswerReader:
    """``feed`` says whether the answer is complete; what the server has sent beyond that is in ``beyond``."""

    def __init__(self, *, bodiless: bool) -> None:
        self.head: Head | None = None
        self.beyond = b""
        self._bodiless = bodiless
        self._pieces = b""
        self._left = 0
        self._step: Callable[[], bool] = self._read_head

    def feed(self, piece: bytes) -> bool:
        """One more piece."""
        self._pieces = self._pieces + piece if self._pieces else piece
        return self._step()

    @property
    def ends_with_connection(self) -> bool:
        """Whether only the server's hanging up says that it is complete."""
        return self._step == self._drop_all

    def _read_head(self) -> bool:
        while self.head is None or self.head.interim:
            lines, blank, rest = self._pieces.partition(b"\r\n\r\n")
            if not blank:
                return self._incomplete(HEAD_BYTES, "its head")
            self.head, self._pieces = read_head(lines), rest
        if self._bodiless:
            return self._complete()
        if self.head.chunked:
            self._step = self._read_chunk
        elif self.head.length is None:
            self._step = self._drop_all
        else:
            self._left, self._step = self.head.length, self._drop_body
        return self._step()

    def _incomplete(self, most: int, what: str) -> bool:
        if len(self._pieces) > most:
            raise NotHttp(f"more than {most} bytes, and no end of {what}")
        return False

    def _drop_body(self) -> bool:
        return self._skipped() and self._complete()

    def _skipped(self) -> bool:
        """Drop what is left of so many bytes; whether that was all of them."""
        dropped = min(self._left, len(self._pieces))
        self._left, self._pieces = self._left - dropped, self._pieces[dropped:]
        return not self._left

    def _drop_all(self) -> bool:
        self._pieces = b""
        return False

    def _read_chunk(self) -> bool:
        """A size, so many bytes, an empty line; the last chunk is of none."""
        while True:
            if not self._skipped():
                return False
            line, end, rest = self._pieces.partition(b"\n")
            if not end:
                return self._incomplete(_LONGEST_LINE, "the line before a chunk")
            self._pieces = rest
            if not (size := chunk_size(line)):
                self._step = self._read_trailers
                return self._step()
            self._left = size + 2

    def _read_trailers(self) -> bool:
        while True:
            line, end, rest = self._pieces.partition(b"\n")
            if not end:
                return self._incomplete(_LONGEST_LINE, "a line after the last chunk")
            self._pieces = rest
            if line in {b"", b"\r"}:
                return self._complete()

    def _complete(self) -> bool:
        self.beyond, self._pieces = self._pieces, b""
        return True
