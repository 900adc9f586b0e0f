"""A writer of blocks as the JSON lines of VictoriaMetrics' ``/api/v1/import``, as its export writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from metricrig.metrics.remote_write.request_body import Body
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from metricrig.metrics.timeline.block import Block

PATH = "/api/v1/import"
BODY_BYTES = 4 << 20
_HEADERS = {"Content-Type": "application/json", "User-Agent": "metricrig"}


def line_bodies(blocks: Iterable[Block], *, most: int = BODY_BYTES) -> Iterator[Body]:
    """Requests with a line for each series, begun anew beyond ``most`` bytes."""
    number, lines, size, samples = 1, list[bytes](), 0, 0
    for line, count in _lines(blocks):
        lines.append(line)
        size, samples = size + len(line), samples + count
        if size >= most:
            yield Body(number, b"".join(lines), samples, len(lines), _HEADERS)
            number, lines, size, samples = number + 1, [], 0, 0
    if lines:
        yield Body(number, b"".join(lines), samples, len(lines), _HEADERS)


def _lines(blocks: Iterable[Block]) -> Iterator[tuple[bytes, int]]:
    """Each with its number of samples. NaN is left out: 1.79 refuses a line with a null, others skip it."""
    for block in blocks:
        kept = block.present & ~np.isnan(block.values)
        for labels, values, here in zip(block.labels, block.values, kept, strict=True):
            if here.any():
                yield _line(labels, values[here].tolist(), block.times[here].tolist()), int(here.sum())


def _line(labels: Mapping[str, str], values: list[float], times: list[int]) -> bytes:
    # All versions read an infinity as a number that is too great, and only the newer ones its name.
    numbers = json.dumps(values).replace("Infinity", "1e999")
    named = json.dumps({name: value for name, value in labels.items() if value}, ensure_ascii=False)
    return f'{{"metric":{named},"values":{numbers},"timestamps":{json.dumps(times)}}}\n'.encode()
