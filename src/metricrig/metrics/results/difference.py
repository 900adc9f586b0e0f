"""The differences of two answers: which series are missing or too many, and at which times the values differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig.metrics.results.content import Content
from metricrig.metrics.results.equality import Approximate, by_identity
from metricrig.metrics.results.labels import written
from metricrig.metrics.results.values import clock, milliseconds, same, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from metricrig.metrics.results.content import Row

_MOST_LINES_SHOWN = 20


def between(got: Content, expected: object) -> str:
    """One line for each difference, and what there is to know about the engines; empty if there is none."""
    rel, abs_ = 0.0, 0.0
    if isinstance(expected, Approximate):
        rel, abs_, expected = expected.rel, expected.abs, expected.expected
    if got.equals(expected, rel, abs_) is True:
        return ""
    remarks = [got.remark(expected)]
    if isinstance(expected, Content):
        remarks.append(expected.remark(got))
        got, expected = got.against(expected), expected.against(got)
    return "\n".join([*_shortened(_lines(got, expected, rel, abs_), got.notes), *filter(None, remarks)])


def of_plain(got: object, expected: Content) -> str:
    """The same for a program's own answer, a list or a number, where one series is expected; else empty."""
    answer = expected.plain().like(got)
    return "" if answer is None else between(answer, expected)


def _lines(got: Content, expected: object, rel: float, abs_: float) -> list[str]:
    found: list[str] = []
    if isinstance(expected, Content) and type(expected) is type(got):
        found = list(_of_results(got, expected, rel, abs_))
    elif isinstance(expected, dict) and (mapping := got.as_dict()) is not None:
        found = list(_of_dicts(mapping, expected))
    return found or [f"got {got!r}", f"expected {expected!r}"]


def _shortened(lines: list[str], notes: tuple[str, ...]) -> list[str]:
    left_out = len(lines) - _MOST_LINES_SHOWN
    more = [f"... and {left_out} more"] if left_out > 0 else []
    return [*lines[:_MOST_LINES_SHOWN], *more, *(f"note: {each}" for each in notes)]


def _of_results(got: Content, expected: Content, rel: float, abs_: float) -> Iterator[str]:
    mine, theirs = by_identity(got), by_identity(expected)
    for labels in sorted(theirs.keys() - mine.keys()):
        yield f"missing     {written(dict(labels))}"
    for labels in sorted(mine.keys() - theirs.keys()):
        yield f"unexpected  {written(dict(labels))}"
    for labels in sorted(mine.keys() & theirs.keys()):
        for line in _of_rows(mine[labels], theirs[labels], rel, abs_):
            yield f"{written(dict(labels))} {line}"


def _of_rows(mine: Row, theirs: Row, rel: float, abs_: float) -> Iterator[str]:
    got, wanted = _by_time(mine), _by_time(theirs)
    for time in sorted(got.keys() | wanted.keys()):
        one, other = got.get(time), wanted.get(time)
        if not same(one, other, rel, abs_):
            yield f"at {clock(time / 1000)}: got {_or_nothing(one)}, expected {_or_nothing(other)}"


def _by_time(row: Row) -> dict[int, float]:
    return {milliseconds(time): value for time, value in zip(row.times, row.values, strict=True)}


def _of_dicts(got: Mapping[Any, object], expected: Mapping[Any, object]) -> Iterator[str]:
    for key, wanted in expected.items():
        if key not in got:
            yield f"missing     {key!r}: {wanted!r}"
    for key, value in got.items():
        if key not in expected:
            yield f"unexpected  {key!r}: {value!r}"
        elif value != expected[key]:
            yield f"{key!r}: got {value!r}, expected {expected[key]!r}"


def _or_nothing(value: float | None) -> str:
    return "nothing" if value is None else shown(value)
