"""The body of an answer: read in whatever framing and compression, up to a limit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig._core.http.errors import AnswerTooLarge, NotHttp
from metricrig._core.http.exchange import chunk_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig._core.http.exchange import Head
    from metricrig._core.http.stream import TimedStream

_LIMIT = 64
"""MiB of an answer that are read at most, unless the environment says otherwise: no test has larger ones."""
LINE_BYTES = 1 << 14
"""The longest line between chunks."""
_TRAILERS = 100
_UNPACKED_AT_ONCE = 1 << 20
_GZIP = 31  # zlib's number for a window of 32 KiB (15) in gzip's format (+16)
_AT_ONCE = 1 << 24
"""Bytes set aside because a server says that they will come."""


def answer_limit() -> int:
    """The most bytes of an answer, decompressed: ``METRICRIG_ANSWER_LIMIT``, in MiB."""
    said = os.environ.get("METRICRIG_ANSWER_LIMIT") or _LIMIT
    try:
        limit = float(said)
    except ValueError:
        limit = 0.0
    if not 0 < limit < float("inf"):
        raise UsageError(f"METRICRIG_ANSWER_LIMIT={said!r} is no number of MiB above 0, such as 256")
    return int(limit * (1 << 20))


def body_of(stream: TimedStream, head: Head, limit: int) -> bytes | bytearray:
    """All of it, decompressed; more than ``limit`` bytes are an error."""
    packed = head.headers.get("content-encoding", "").lower() in {"gzip", "x-gzip"}
    length = None if head.chunked else head.length
    if length is not None and not packed and length <= min(limit, _AT_ONCE):
        return _of_length(stream, length)
    if length is not None and length > limit:
        raise AnswerTooLarge(limit)
    pieces = _pieces(stream, head, length)
    gathered = bytearray()
    try:
        _gather(_unpacked(pieces, stream) if packed else pieces, gathered, limit)
    except BaseException:
        gathered.clear()  # a wait keeps the last error for its report, and that its traceback, which keeps this
        raise
    return gathered


def _gather(pieces: Iterator[bytes], gathered: bytearray, limit: int) -> None:
    for piece in pieces:
        gathered += piece
        if len(gathered) > limit:
            raise AnswerTooLarge(limit)


def _of_length(stream: TimedStream, length: int) -> bytes | bytearray:
    if length <= len(stream.ahead):
        body = bytes(stream.ahead[:length])
        del stream.ahead[:length]
        return body
    room = bytearray(length)
    stream.fill(memoryview(room))
    return room


def _pieces(stream: TimedStream, head: Head, length: int | None) -> Iterator[bytes]:
    if head.chunked:
        return _chunks(stream)
    return _until_closed(stream) if length is None else _parts(stream, length)


def _until_closed(stream: TimedStream) -> Iterator[bytes]:
    while piece := stream.piece(_AT_ONCE):
        yield piece


def _parts(stream: TimedStream, length: int) -> Iterator[bytes]:
    """So many bytes, in pieces as they arrive."""
    while length:
        piece = stream.piece(length)
        if not piece:
            raise NotHttp(f"the server closed the connection, and {length} bytes of its answer were missing")
        length -= len(piece)
        yield piece


def _chunks(stream: TimedStream) -> Iterator[bytes]:
    while size := chunk_size(stream.until(b"\n", LINE_BYTES, "the size of a chunk")):
        yield from _parts(stream, size)
        stream.allow()  # of small chunks, many may have come at once
        if stream.until(b"\n", LINE_BYTES, "the end of a chunk").rstrip(b"\r"):
            raise NotHttp("a chunk is longer than its size")
    for _ in range(_TRAILERS):
        if not stream.until(b"\n", LINE_BYTES, "a trailer").rstrip(b"\r"):
            return
    raise NotHttp(f"more than {_TRAILERS} trailers")


def _unpacked(pieces: Iterator[bytes], stream: TimedStream) -> Iterator[bytes]:
    """Gzip, of one or several members, a little at a time: a kilobyte of it may hold a megabyte."""
    import zlib  # noqa: PLC0415 - few answers are packed

    unpacking, whole = zlib.decompressobj(_GZIP), True
    try:
        for piece in pieces:
            left = piece
            # Between members and behind the last one there may be zeros.
            while left := left.lstrip(b"\0") if whole else left:
                if unpacking.eof:
                    unpacking = zlib.decompressobj(_GZIP)
                yield unpacking.decompress(left, _UNPACKED_AT_ONCE)
                left, whole = unpacking.unconsumed_tail or unpacking.unused_data, unpacking.eof
                stream.allow()
    except zlib.error as error:
        raise NotHttp(f"its gzip is broken: {error}") from None
    if not whole:
        raise NotHttp("its gzip is broken: it ends too early")
