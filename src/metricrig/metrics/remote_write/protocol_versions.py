"""The two versions of the protocol. They differ in their labels and headers; samples are the same."""

from __future__ import annotations

from itertools import groupby, repeat
from typing import TYPE_CHECKING, Protocol

from metricrig.metrics.remote_write.wire import field, messages, text, varint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from metricrig.metrics.timeline.block import Metadata, MetricType

    Encode = Callable[[str, Sequence[str]], list[bytes]]
    """From a name and words to labels; an empty word is no label, and nothing."""


def encoded(several: Iterable[Mapping[str, str]], encode: Encode) -> Iterator[bytes]:
    """All labels of each series, sorted by name, as receivers demand."""
    for names, run in groupby(several, tuple):
        alike = list(run)
        columns = [_column(name, [labels[name] for labels in alike], encode) for name in sorted(names)]
        yield from map(b"".join, zip(*columns, strict=True)) if columns else repeat(b"", len(alike))


def _column(name: str, words: Sequence[str], encode: Encode) -> Iterable[bytes]:
    first = words[0]
    shared = words.count(first) == len(words)
    return encode(name, [first]) * len(words) if shared else encode(name, words)


_TYPES: Mapping[MetricType, int] = {
    "unknown": 0,
    "counter": 1,
    "gauge": 2,
    "histogram": 3,
    "gaugehistogram": 4,
    "summary": 5,
    "info": 6,
    "stateset": 7,
}
_COMMON_HEADERS = {"Content-Encoding": "snappy", "User-Agent": "metricrig"}


class BodyFormat(Protocol):
    """How one body writes its series."""

    series_tag: bytes
    headers: Mapping[str, str]

    def labels(self, several: Iterable[Mapping[str, str]], metadata: Sequence[Metadata] = (), /) -> list[bytes]:
        """The labels of each series, as the first fields of its message; metadata where the version has it."""

    def preface(self) -> bytes:
        """What stands before the series; complete once all labels are known."""


class V1:
    """``prometheus.WriteRequest``: each series carries its labels."""

    series_tag = b"\x0a"
    headers: Mapping[str, str] = {
        **_COMMON_HEADERS,
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }

    def labels(self, several: Iterable[Mapping[str, str]], _: Sequence[Metadata] = (), /) -> list[bytes]:
        """Each label as a message of its name and value. Metadata would be messages apart, which receivers drop."""
        return list(encoded(several, messages))

    def preface(self) -> bytes:
        """Nothing."""
        return b""


class V2:
    """``io.prometheus.write.v2.Request``: strings stand once in a table, and series refer to them."""

    series_tag = b"\x2a"
    headers: Mapping[str, str] = {
        **_COMMON_HEADERS,
        "Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        "X-Prometheus-Remote-Write-Version": "2.0.0",
    }

    def __init__(self) -> None:
        self._symbols = {"": 0}  # the specification wants the empty string first

    def labels(self, several: Iterable[Mapping[str, str]], metadata: Sequence[Metadata] = (), /) -> list[bytes]:
        """The numbers of all names and values, packed; then the metadata."""
        named = [field(b"\x0a", numbers) for numbers in encoded(several, self._numbers)]
        if not metadata:
            return named
        known = {each: self._about(each) for each in dict.fromkeys(metadata)}
        return [words + known[each] for words, each in zip(named, metadata, strict=True)]

    def preface(self) -> bytes:
        """The table."""
        return b"".join(field(b"\x22", text(words)) for words in self._symbols)

    def _numbers(self, name: str, words: Sequence[str]) -> list[bytes]:
        return [self._number(name) + self._number(word) if word else b"" for word in words]

    def _about(self, metadata: Metadata) -> bytes:
        """``Metadata{type=1, help_ref=3, unit_ref=4}`` as field 5 of a series; nothing where nothing is known."""
        kind = _TYPES[metadata.type]
        content = b"\x08" + varint(kind) if kind else b""
        for tag, words in ((b"\x18", metadata.help), (b"\x20", metadata.unit)):
            content += tag + self._number(words) if words else b""
        return field(b"\x2a", content) if content else b""

    def _number(self, symbol: str) -> bytes:
        return varint(self._symbols.setdefault(symbol, len(self._symbols)))


FORMATS: Mapping[int, type[V1 | V2]] = {1: V1, 2: V2}
