"""The bytes of protobuf and snappy that remote write needs, by hand: neither library has to be there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MASK = (1 << 64) - 1
# Tag of a snappy literal whose length follows in four bytes; see format_description.txt of snappy.
_LONG_LITERAL = b"\xfc"
LITERAL_HEAD = 5
"""Bytes before such a literal: its tag and its length."""


@lru_cache(maxsize=1 << 14)
def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; a negative one as its 64-bit two's complement. Lengths recur."""
    number &= _MASK
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - the highest bit says that more follow
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(tag: bytes, content: bytes) -> bytes:
    """A field of a length and a content."""
    return tag + varint(len(content)) + content


def snappy(pieces: Sequence[bytes]) -> bytes:
    """A snappy block of one literal: valid, uncompressed, and faster on the loopback than compressing.

    Measured: compressing does 0.65 to 1.5 GB/s, this 4.
    """
    size = sum(map(len, pieces))
    if not size:
        return b"\x00"
    return b"".join([varint(size), _LONG_LITERAL, (size - 1).to_bytes(4, "little"), *pieces])


def messages(name: str, words: Sequence[str]) -> list[bytes]:
    """Labels of one name, each as ``Label{name=1, value=2}``, field 1 of its series; nothing for an empty word."""
    try:
        values = list(map(str.encode, words))
    except UnicodeEncodeError as error:
        raise _not_unicode(error) from None
    heads = {length: _head(name, length) for length in set(map(len, values))}
    return [heads[len(value)] + value for value in values]


def text(words: str) -> bytes:
    """A name or value on the wire."""
    try:
        return words.encode()
    except UnicodeEncodeError as error:
        raise _not_unicode(error) from None


def _head(name: str, length: int) -> bytes:
    """All of a label's message up to its value, which has this length; an empty value is no label."""
    if not length:
        return b""
    start = field(b"\x0a", text(name)) + b"\x12" + varint(length)
    return b"\x0a" + varint(len(start) + length) + start


def _not_unicode(error: UnicodeEncodeError) -> UsageError:
    return UsageError(f"labels have to be valid Unicode, and {error.object[:80]!r} is not: {error.reason}")
