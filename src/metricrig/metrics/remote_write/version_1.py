"""A body of version 2 as one of version 1, for a receiver that does not take the newer one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from metricrig.metrics.remote_write.protocol_versions import V1
from metricrig.metrics.remote_write.wire import LITERAL_HEAD, field, snappy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.metrics.remote_write.request_body import Body

_MORE, _BITS = 0x80, 0x7F
# Fields of io.prometheus.write.v2: of the request, and of a series. Samples are the same messages in both versions.
_SYMBOL, _SERIES = 0x22, 0x2A
_REFERENCES, _SAMPLE = 0x0A, 0x12


def as_version_1(body: Body) -> Body:
    """The same samples; what version 1 has no word for is left out."""
    form = V1()
    symbols, several = list[str](), list[bytes]()
    for tag, content in _fields(_unpacked(body.data)):
        if tag == _SYMBOL:
            symbols.append(bytes(content).decode())
        elif tag == _SERIES:
            several.append(field(form.series_tag, _series(form, content, symbols)))
    return replace(body, data=snappy(several), headers=form.headers)


def _series(form: V1, content: memoryview, symbols: list[str]) -> bytes:
    labels, samples = b"", list[bytes]()
    for tag, part in _fields(content):
        if tag == _REFERENCES:
            words = [symbols[number] for number in _numbers(part)]
            (labels,) = form.labels([dict(zip(words[::2], words[1::2], strict=True))])
        elif tag == _SAMPLE:
            samples.append(field(b"\x12", bytes(part)))
    return b"".join([labels, *samples])


def _unpacked(data: bytes) -> memoryview:
    """What our own snappy wraps: one literal behind its length."""
    _, at = _varint(memoryview(data), 0)
    return memoryview(data)[at + LITERAL_HEAD :]


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Tags and contents; all of these fields have a length."""
    at = 0
    while at < len(content):
        tag = content[at]
        length, at = _varint(content, at + 1)
        yield tag, content[at : at + length]
        at += length


def _numbers(packed: memoryview) -> Iterator[int]:
    at = 0
    while at < len(packed):
        number, at = _varint(packed, at)
        yield number


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while data[at] & _MORE:
        number |= (data[at] & _BITS) << shift
        at, shift = at + 1, shift + 7
    return number | data[at] << shift, at + 1
