"""The reader of a page and of its lines: all samples, or those of one name without reading the other lines."""

from __future__ import annotations

import gc
import math
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from math import isnan
from typing import TYPE_CHECKING

from metricrig.metrics.exposition.decoding import number_at
from metricrig.metrics.exposition.errors import BadLine, BadPage
from metricrig.metrics.exposition.grammar import KEY, REST
from metricrig.metrics.exposition.labels import Labels, escaped, parsed
from metricrig.metrics.exposition.model import Exemplar, Sample, declarations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from metricrig.metrics.exposition.decoding import PageFormat
    from metricrig.metrics.exposition.model import Declared, PageSeries
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


_make = tuple.__new__


@dataclass(frozen=True, slots=True)
class PageContent:
    """Everything on a page."""

    samples: tuple[Sample, ...]
    declared: dict[str, Declared]

    def by_name(self) -> dict[str, tuple[Sample, ...]]:
        """The samples, sorted by name."""
        found: dict[str, list[Sample]] = {}
        for sample in self.samples:
            found.setdefault(sample.name, []).append(sample)
        return {name: tuple(samples) for name, samples in found.items()}


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Without the search for cycles, which takes a quarter of the time of a first read, and finds none."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_nothing_to_collect()
def read_all(text: str, form: PageFormat, keys: SeriesKeys) -> PageContent:
    """Read every line.

    Nearly every line is a series, a space and a value. The first branch of the loop is all that is done for those,
    and in a second scrape the series is known already.
    """
    found: dict[PageSeries, Sample] = {}
    comments = []
    known = keys.by_text.get
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        key, _, written = line.rpartition(" ")
        series = known(key) or keys.plain(key)
        if series is not None and series not in found and "_" not in written and written.isascii():
            try:
                found[series] = _make(Sample, (series.name, series.labels, float(written), None, None))
                continue
            except ValueError:
                pass
        kind = line.lstrip(" \t\r")[:1]
        if kind == "#":
            comments.append((number, line))
        elif kind:
            _add(found, _Place(number, line, partial(enumerate, lines, 1)), form, keys)
    _check_end(lines, form)
    return PageContent(tuple(found.values()), declarations(comments))


def read_name(text: str, name: str, form: PageFormat, keys: SeriesKeys) -> tuple[Sample, ...]:
    """Read only the lines of one name."""

    def numbered() -> Iterator[tuple[int, str]]:
        return ((number_at(text, start), line) for start, line in lines_with(text, name))

    found: dict[PageSeries, Sample] = {}
    for start, line in lines_with(text, name):
        _add(found, _Place(partial(number_at, text, start), line, numbered), form, keys)
    return tuple(sample for sample in found.values() if sample.name == name)


@dataclass(frozen=True, slots=True)
class _Place:
    """A line, and what it takes to say where it and others stand: asked only if something is wrong."""

    number: int | Callable[[], int]
    line: str
    numbered: Callable[[], Iterable[tuple[int, str]]]

    def fault(self, why: str) -> BadPage:
        number = self.number if isinstance(self.number, int) else self.number()
        return BadPage(why, line=number, text=self.line)

    def first(self, series: PageSeries, form: PageFormat, keys: SeriesKeys) -> str:
        """The first line of this series."""
        for number, line in self.numbered():
            with suppress(BadLine):
                if read_line(line, form, keys)[0] is series:
                    return f"line {number}: {line}"
        raise AssertionError("a series that contradicts an earlier line, which is not there")


def _add(found: dict[PageSeries, Sample], place: _Place, form: PageFormat, keys: SeriesKeys) -> None:
    try:
        series, sample = read_line(place.line, form, keys)
    except BadLine as bad:
        raise place.fault(str(bad)) from None
    if series in found:
        counts = merged(found[series], sample)
        if counts is None:
            raise place.fault(f"another value for {series} than on {place.first(series, form, keys)}")
        sample = counts
    found[series] = sample


def _check_end(lines: list[str], form: PageFormat) -> None:
    if form.end and form.end in lines:
        number = lines.index(form.end) + 1
        rest = next((i for i, line in enumerate(lines[number:], number + 1) if line), 0)
        if rest:
            raise BadPage(f"something follows {form.end!r} on line {number}", line=rest, text=lines[rest - 1])


def lines_with(text: str, name: str) -> Iterator[tuple[int, str]]:
    """Where a line that may be a sample of this name starts, and the line.

    A line that names in quotes may still be another's, with this name as a label's value.
    """
    written = escaped(name)
    at = text.find(written) if written else -1
    while at >= 0:
        end = at + len(written)
        after = text[end : end + 1]
        start = text.rfind("\n", 0, at) + 1 if after in {"{", " ", "\t", '"'} else -1
        if start >= 0 and _may_name(text[start:at], after):
            newline = text.find("\n", end)
            end = len(text) if newline < 0 else newline
            yield start, text[start:end]
        at = text.find(written, end)


def _may_name(before: str, after: str) -> bool:
    head = before.lstrip(" \t")
    if not head:
        return after != '"'
    return after == '"' and head[0] == "{" and head[-1] == '"'


def merged(first: Sample, second: Sample) -> Sample | None:
    """Which of two samples of one series counts; None if they contradict each other.

    A page may hold several moments of a series, of which the newest counts.
    """
    if first.timestamp != second.timestamp:
        return max(first, second, key=_moment)
    same = first.value == second.value or (isnan(first.value) and isnan(second.value))
    return first if same else None


def _moment(sample: Sample) -> float:
    return float("inf") if sample.timestamp is None else sample.timestamp
