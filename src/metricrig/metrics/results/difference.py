"""Where two answers differ: which series are missing or too many, and at which times the values differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig.metrics.results import data, equality
from metricrig.metrics.results.labels import distinguishing, written
from metricrig.metrics.results.times import clock
from metricrig.metrics.results.values import same, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from metricrig.metrics.results.data import Result
    from metricrig.metrics.results.equality import Points

_LINES = 20


def between(got: Result, expected: object) -> str:
    """One line for each difference, and what there is to know about the engines; empty if there is none."""
    rel, abs_ = 0.0, 0.0
    if isinstance(expected, equality.Approximate):
        rel, abs_, expected = expected.rel, expected.abs, expected.expected
    if equality.equal(got, expected, rel, abs_) is True:
        return ""
    remarks = [got.remark(expected)]
    if isinstance(expected, data.Result):
        remarks.append(expected.remark(got))
        got, expected = got.against(expected), expected.against(got)
    return "\n".join([*_lines(got, expected, rel, abs_), *filter(None, remarks)])


def _lines(got: Result, expected: object, rel: float, abs_: float) -> list[str]:
    if isinstance(got, data.String):
        lines = [f"got {got!r}", f"expected {expected!r}"]
    elif isinstance(expected, data.Result) and type(expected) is type(got):
        lines = list(_of_results(got, expected, rel, abs_))
    elif isinstance(got, data.Matrix | data.Vector) and isinstance(expected, dict):
        found: Mapping[Any, object] = got.by(*distinguishing(each.labels for each in _parts(got)))
        lines = list(_of_dicts(found, expected))
    else:
        lines = [f"got {got!r}", f"expected {expected!r}"]
    notes = [f"note: {each}" for each in getattr(got, "notes", ())]
    more = [f"... and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
    return [*lines[:_LINES], *more, *notes]


def of_plain(got: object, expected: Result) -> str:
    """The same for a program's own answer, a list or a number, where one series is expected; else empty."""
    answer = _like(got, expected.plain())
    return "" if answer is None else between(answer, expected)


def _like(got: object, expected: Result) -> Result | None:
    """Plain values with the labels and times of what is expected, if they fit."""
    if isinstance(expected, data.Vector) and len(expected.samples) == 1 and isinstance(got, int | float):
        one = expected.samples[0]
        return data.Vector((data.Sample(one.labels, one.time, got),))
    if not isinstance(expected, data.Matrix) or not isinstance(got, list | tuple) or len(expected.series) > 1:
        return None
    if len(got) != len(expected.steps) or not all(isinstance(each, int | float | None) for each in got):
        return None
    labels = expected.series[0].labels if expected.series else {}
    there = [(time, value) for time, value in zip(expected.steps, got, strict=True) if value is not None]
    times, values = tuple(time for time, _ in there), tuple(value for _, value in there)
    return data.Matrix((data.Series(labels, times, values),) if there else (), expected.steps)


def _parts(result: data.Matrix | data.Vector) -> tuple[data.Series, ...] | tuple[data.Sample, ...]:
    return result.series if isinstance(result, data.Matrix) else result.samples


def _of_results(got: Result, expected: Result, rel: float, abs_: float) -> Iterator[str]:
    mine, theirs = equality.points(got), equality.points(expected)
    for labels in sorted(theirs.keys() - mine.keys()):
        yield f"missing     {written(dict(labels))}"
    for labels in sorted(mine.keys() - theirs.keys()):
        yield f"unexpected  {written(dict(labels))}"
    for labels in sorted(mine.keys() & theirs.keys()):
        for line in _of_points(mine[labels], theirs[labels], rel, abs_):
            yield f"{written(dict(labels))} {line}"


def _of_points(mine: Points, theirs: Points, rel: float, abs_: float) -> Iterator[str]:
    got = {equality.milliseconds(time): value for time, value in zip(*mine, strict=True)}
    wanted = {equality.milliseconds(time): value for time, value in zip(*theirs, strict=True)}
    for time in sorted(got.keys() | wanted.keys()):
        one, other = got.get(time), wanted.get(time)
        if not same(one, other, rel, abs_):
            yield f"at {clock(time / 1000)}: got {_or_nothing(one)}, expected {_or_nothing(other)}"


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
