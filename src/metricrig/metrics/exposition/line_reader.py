"""The reader of one line: which series, which value."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

from metricrig.metrics.exposition.errors import BadLine
from metricrig.metrics.exposition.grammar import KEY, REST
from metricrig.metrics.exposition.labels import Labels, parsed
from metricrig.metrics.exposition.model import Exemplar, Sample

if TYPE_CHECKING:
    from metricrig.metrics.exposition.decoding import PageFormat
    from metricrig.metrics.exposition.model import PageSeries
    from metricrig.metrics.exposition.series_keys import SeriesKeys


def read_line(line: str, form: PageFormat, keys: SeriesKeys) -> tuple[PageSeries, Sample]:
    """The sample on a line, however it is written."""
    head = KEY.match(line)
    if head is None:
        raise BadLine('expected a metric name and labels such as {code="200"}')
    key = head[0]
    series = keys.by_text.get(key) or keys.learn(key, head[1] or "", head[2] or "")
    rest = REST.fullmatch(line, head.end())
    if rest is None:
        raise BadLine("expected a value, perhaps a timestamp and an exemplar")
    value, timestamp, exemplar, exemplar_value, exemplar_time = rest.groups()
    shown = None
    if exemplar is not None:
        shown = Exemplar(Labels(parsed(exemplar)[1]), number(exemplar_value), seconds(exemplar_time))
    when = seconds(timestamp)
    if when is not None:
        when /= form.timestamps_per_second
    return series, Sample(series.name, series.labels, number(value), when, shown)


def number(text: str) -> float:
    """A value. Python's float would also take ``1_000`` and digits of other scripts, which no server means."""
    with suppress(ValueError):
        if "_" not in text and text.isascii():
            return float(text)
    raise BadLine(f"{text!r} is not a number")


def seconds(text: str | None) -> float | None:
    """A timestamp, if there is one."""
    if text is None:
        return None
    value = number(text)
    if not math.isfinite(value):
        raise BadLine(f"{text!r} is not a timestamp")
    return value
