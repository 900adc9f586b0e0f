"""From blocks of series to bodies of requests, one at a time: what has been sent needs no memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.metrics.remote_write.draft import Draft, Lot
from metricrig.metrics.remote_write.formats import FORMATS
from metricrig.metrics.remote_write.plan import Limits, by_series, by_time
from metricrig.metrics.remote_write.samples import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from metricrig.metrics.remote_write.body import Body
    from metricrig.metrics.remote_write.plan import Part
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
    limits = Limits(samples, BODY_BYTES)
    draft = Draft(FORMATS[version](), 1)
    for part in by_time(blocks, limits) if in_time_order else by_series(blocks, limits):
        if part.begins and draft.series:
            yield draft.finished()
            draft = Draft(FORMATS[version](), draft.number + 1)
        lot = _lot(part, extra)
        while lot.data:
            lot = lot.after(draft.take(lot, limits))
            if lot.data or draft.samples == limits.samples:  # what is full is not kept waiting for what follows
                yield draft.finished()
                draft = Draft(FORMATS[version](), draft.number + 1)
    if draft.series:
        yield draft.finished()


def _lot(part: Part, extra: Mapping[str, str] | None) -> Lot:
    """The series that have any samples here."""
    rows = encode(part.block, part.rows, part.columns)
    labels = part.block.labels[part.rows]
    if all(rows.data):
        return Lot(_more(labels, extra), rows.data, rows.size)
    here = [row for row, data in enumerate(rows.data) if data]
    return Lot(_more([labels[row] for row in here], extra), [rows.data[row] for row in here], rows.size)


def _more(several: Sequence[Mapping[str, str]], extra: Mapping[str, str] | None) -> Sequence[Mapping[str, str]]:
    return [{**labels, **extra} for labels in several] if extra else several
