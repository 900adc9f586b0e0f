"""The division of blocks into bodies of requests, one at a time: what has been sent needs no memory."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

from metricrig.metrics.remote_write.protocol_versions import FORMATS
from metricrig.metrics.remote_write.request_body import BodyBuilder, EncodedSeries
from metricrig.metrics.remote_write.samples import encode, uniform
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from metricrig.metrics.remote_write.request_body import Body
    from metricrig.metrics.timeline.block import Block


BODY_SAMPLES = 50_000
"""From 5,000 samples on a server is not kept busy by requests; ours are: against 20,000 these save a twentieth."""
BODY_BYTES = 24 << 20
"""Receivers take 32 MiB, unpacked too."""


def bodies(
    blocks: Iterable[Block],
    *,
    version: int = 1,
    in_time_order: bool = False,
    extra: Mapping[str, str] | None = None,
    samples: int = BODY_SAMPLES,
) -> Iterator[Body]:
    """The requests that write these blocks; ``extra`` are labels for all series.

    ``in_time_order`` is for receivers that refuse what is older than what they have.
    """
    limits = BodyLimits(samples, BODY_BYTES)
    builder = BodyBuilder(FORMATS[version](), 1)
    for part in by_time(blocks, limits) if in_time_order else by_series(blocks, limits):
        if part.begins and builder.series:
            yield builder.finished()
            builder = BodyBuilder(FORMATS[version](), builder.number + 1)
        series = _encoded(part, extra)
        while series.data:
            series = series.after(builder.take(series, limits))
            if series.data or builder.samples == limits.samples:  # what is full is not kept waiting for what follows
                yield builder.finished()
                builder = BodyBuilder(FORMATS[version](), builder.number + 1)
    if builder.series:
        yield builder.finished()


def _encoded(part: BlockPart, extra: Mapping[str, str] | None) -> EncodedSeries:
    """The series that have any samples here."""
    rows = encode(part.block, part.rows, part.columns)
    labels, metadata = part.block.labels[part.rows], part.block.metadata[part.rows]
    if all(rows.data):
        return EncodedSeries(_more(labels, extra), rows.data, rows.size, metadata)
    labels, metadata = list(compress(labels, rows.data)), list(compress(metadata, rows.data))
    return EncodedSeries(_more(labels, extra), list(filter(None, rows.data)), rows.size, metadata)


def _more(several: Sequence[Mapping[str, str]], extra: Mapping[str, str] | None) -> Sequence[Mapping[str, str]]:
    return [{**labels, **extra} for labels in several] if extra else several


SERIES_PER_PART = 1000
"""In a part: enough that encoding them together pays, and few enough that long labels take little memory."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much goes into one request."""

    samples: int
    bytes: int


@dataclass(frozen=True, slots=True)
class BlockPart:
    """Some rows and columns of a block, whose times are of one width. ``begins``: it starts a new request."""

    block: Block
    rows: slice
    columns: slice
    begins: bool = False


def by_series(blocks: Iterable[Block], limits: BodyLimits) -> Iterator[BlockPart]:
    """Each series as a whole as far as a request holds it: its labels are sent once."""
    for block in blocks:
        for stretch in uniform(block.times):
            for columns in _steps(stretch.start, stretch.stop, limits.samples):
                height = max(1, min(SERIES_PER_PART, limits.samples // (columns.stop - columns.start)))
                for rows in _steps(0, len(block.labels), height):
                    yield BlockPart(block, rows, columns)


def by_time(blocks: Iterable[Block], limits: BodyLimits) -> Iterator[BlockPart]:
    """Stretch after stretch of time, each with all series and, if longer than one step, in one request.

    Prometheus refuses what is an hour older than its newest sample, but looks at that only between requests.
    """
    together = [block for block in blocks if len(block.labels) and len(block.times)]
    if not together:
        return
    for start, end in _windows(together, limits):
        begins = True
        for block in together:
            first, last = np.searchsorted(block.times, start, "left"), np.searchsorted(block.times, end, "right")
            for stretch in uniform(block.times[first:last]):
                columns = slice(int(first) + stretch.start, int(first) + stretch.stop)
                for rows in _steps(0, len(block.labels), min(SERIES_PER_PART, limits.samples)):
                    yield BlockPart(block, rows, columns, begins)
                    begins = False


def _windows(blocks: list[Block], limits: BodyLimits) -> Iterator[tuple[int, int]]:
    """The first and last time of each request."""
    times = np.unique(np.concatenate([block.times for block in blocks]))
    height = sum(len(block.labels) for block in blocks)
    words = sum(len(name) + len(value) for block in blocks for each in block.labels for name, value in each.items())
    width = max(1, limits.samples // height) if words * 4 < limits.bytes else 1
    for columns in _steps(0, len(times), width):
        yield int(times[columns.start]), int(times[columns.stop - 1])


def _steps(start: int, end: int, step: int) -> Iterator[slice]:
    return (slice(at, min(at + step, end)) for at in range(start, end, step))
