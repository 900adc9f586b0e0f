"""From blocks of series to bodies of requests, one at a time: what has been sent needs no memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from metricrig.metrics.remote_write.body import Body
from metricrig.metrics.remote_write.formats import FORMATS
from metricrig.metrics.remote_write.plan import Limits, by_series, by_time
from metricrig.metrics.remote_write.samples import encode
from metricrig.metrics.remote_write.wire import snappy, varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from metricrig.metrics.remote_write.formats import Format
    from metricrig.metrics.remote_write.plan import Part
    from metricrig.metrics.timeline.block import Block

BODY_SAMPLES = 50_000
"""From 5,000 samples on a server is not kept busy by requests; ours are: against 20,000 these save a twentieth."""
BODY_BYTES = 24 << 20
"""Receivers take 32 MiB, unpacked too."""


@dataclass(slots=True)
class _Draft:
    """A body while it grows."""

    form: Format
    number: int
    pieces: list[bytes | memoryview] = field(default_factory=list)
    size: int = 0
    samples: int = 0
    series: int = 0

    def finished(self) -> Body:
        data = snappy([self.form.preface(), *self.pieces])
        return Body(self.number, data, self.samples, self.series, self.form.headers)


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
    limits = Limits(samples, BODY_BYTES)
    draft = _Draft(FORMATS[version](), 1)
    for part in by_time(blocks, limits) if in_time_order else by_series(blocks, limits):
        if part.begins and draft.series:
            yield draft.finished()
            draft = _Draft(FORMATS[version](), draft.number + 1)
        for labels, data, count in _series(part, extra):
            if draft.series and (draft.samples + count > limits.samples or draft.size + len(data) > limits.bytes):
                yield draft.finished()
                draft = _Draft(FORMATS[version](), draft.number + 1)
            _add(draft, labels, data, count)
    if draft.series:
        yield draft.finished()


def _series(part: Part, extra: Mapping[str, str] | None) -> Iterator[tuple[Mapping[str, str], memoryview, int]]:
    """Labels, encoded samples and their number, of each series that has any here."""
    rows = encode(part.block, part.rows, part.columns)
    data, edges, size = rows.data, rows.edges, rows.size
    several = part.block.labels[part.rows]
    for labels, start, end in zip(several, edges, edges[1:], strict=False):
        if end > start:
            yield ({**labels, **extra} if extra else labels), data[start:end], (end - start) // size


def _add(draft: _Draft, labels: Mapping[str, str], data: memoryview, count: int) -> None:
    named = draft.form.labels(labels)
    length = len(named) + len(data)
    draft.pieces += (draft.form.series_tag + varint(length) + named, data)
    draft.size += length + 8
    draft.samples += count
    draft.series += 1
