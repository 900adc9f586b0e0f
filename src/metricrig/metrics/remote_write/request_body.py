"""A builder of one request's body, many series at a time."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate, chain
from operator import add
from typing import TYPE_CHECKING

from metricrig.metrics.remote_write.wire import snappy, varint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.metrics.remote_write.body_batches import BodyLimits
    from metricrig.metrics.remote_write.protocol_versions import BodyFormat
    from metricrig.metrics.timeline.block import Metadata


@dataclass(frozen=True, slots=True)
class Body:
    """One request."""

    number: int
    data: bytes
    samples: int
    series: int
    headers: Mapping[str, str]

    def __str__(self) -> str:
        return f"batch {self.number} ({self.samples} samples of {self.series} series, {len(self.data)} bytes)"


_MOST_LENGTH_BYTES = 8  # bytes before a series, at most


@dataclass(frozen=True, slots=True)
class EncodedSeries:
    """Series with their encoded samples, of which each has ``size`` bytes."""

    labels: Sequence[Mapping[str, str]]
    data: Sequence[bytes]
    size: int
    metadata: Sequence[Metadata] = ()

    def after(self, first: int) -> EncodedSeries:
        """Without the first of them."""
        return EncodedSeries(self.labels[first:], self.data[first:], self.size, self.metadata[first:])


@dataclass(slots=True)
class BodyBuilder:
    """What one request has so far."""

    form: BodyFormat
    number: int
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    samples: int = 0
    series: int = 0

    def take(self, series: EncodedSeries, limits: BodyLimits) -> int:
        """As many of these as it still holds, but at least one into an empty one; returns how many."""
        lengths = [len(each) for each in series.data]
        count = self._fitting(lengths, (limits.samples - self.samples) * series.size)
        named = self.form.labels(series.labels[:count], series.metadata[:count])
        lengths = list(map(add, map(len, named), lengths))
        count = self._fitting(lengths, limits.bytes - self.size)
        self._add(named[:count], series.data[:count], lengths[:count])
        self.samples += sum(map(len, series.data[:count])) // series.size
        return count

    def finished(self) -> Body:
        """The request."""
        data = snappy([self.form.preface(), *self.pieces])
        return Body(self.number, data, self.samples, self.series, self.form.headers)

    def _fitting(self, lengths: Sequence[int], most: int) -> int:
        """How many of the first have no more bytes than this."""
        if sum(lengths) <= most:
            return len(lengths)
        return max(bisect_right(list(accumulate(lengths)), most), 0 if self.series else 1)

    def _add(self, named: Sequence[bytes], data: Sequence[bytes], lengths: Sequence[int]) -> None:
        starts = {length: self.form.series_tag + varint(length) for length in set(lengths)}
        self.pieces += chain.from_iterable(zip(map(starts.__getitem__, lengths), named, data, strict=True))
        self.size += sum(lengths) + _MOST_LENGTH_BYTES * len(lengths)
        self.series += len(lengths)
