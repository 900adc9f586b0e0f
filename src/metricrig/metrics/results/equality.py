"""When an answer equals an expectation: another answer, or plain numbers, lists and dicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metricrig.metrics.results import data
from metricrig.metrics.results.labels import distinguishing, identity
from metricrig.metrics.results.values import all_same, same

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metricrig.metrics.results.data import Result
    from metricrig.metrics.results.labels import Identity

Points = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Approximate:
    """An expectation that is met by what is close to it: ``got == expected.approx(rel=1e-6)``."""

    expected: Result
    rel: float
    abs: float

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Approximate):
            return NotImplemented
        return equal(self.expected, other, self.rel, self.abs)

    __hash__ = None  # type: ignore[assignment]


def equal(result: Result, other: object, rel: float = 0.0, abs_: float = 0.0) -> bool:
    """Whether they are the same, in whatever order the series are."""
    if isinstance(result, data.String):
        return _equal_text(result, other)
    if isinstance(other, data.Result):
        return _equal_results(result.against(other), other.against(result), rel, abs_)
    result = result.plain()
    if isinstance(other, dict):
        return _equal_dict(result, other, rel, abs_)
    if isinstance(other, list | tuple):
        return _equal_list(result, other, rel, abs_)
    if isinstance(other, int | float):
        return _equal_number(result, other, rel, abs_)
    return NotImplemented  # type: ignore[no-any-return]  # what Python calls Any here


def _equal_text(text: data.String, other: object) -> bool:
    if isinstance(other, data.String):
        return text.value == other.value and milliseconds(text.time) == milliseconds(other.time)
    return isinstance(other, str) and text.value == other


def points(result: Result) -> dict[Identity, Points]:
    """Times and values of each label set."""
    if isinstance(result, data.Matrix):
        return {identity(each.labels): (each.times, each.values) for each in result.series}
    if isinstance(result, data.Vector):
        return {identity(each.labels): ((each.time,), (each.value,)) for each in result.samples}
    if isinstance(result, data.Series):
        return {identity(result.labels): (result.times, result.values)}
    if isinstance(result, data.Sample):
        return {identity(result.labels): ((result.time,), (result.value,))}
    if isinstance(result, data.Scalar):
        return {(): ((result.time,), (result.value,))}
    raise TypeError(type(result))


def _equal_results(one: Result, other: Result, rel: float, abs_: float) -> bool:
    if type(one) is not type(other):
        return False
    mine, theirs = points(one), points(other)
    if mine.keys() != theirs.keys() or _size(one) != _size(other):
        return False
    return all(
        [milliseconds(time) for time in times] == [milliseconds(time) for time in theirs[labels][0]]
        and all_same(values, theirs[labels][1], rel, abs_)
        for labels, (times, values) in mine.items()
    )


def _size(result: Result) -> int:
    """Two equal label sets in one result are two series: as keys of a dict they would be one."""
    if isinstance(result, data.Matrix):
        return len(result.series)
    return len(result.samples) if isinstance(result, data.Vector) else 1


def _equal_dict(result: Result, other: Mapping[Any, Any], rel: float, abs_: float) -> bool:
    """``{"200": [0, 1]}`` for a matrix and ``{"200": 3}`` for a vector, by all labels but the name."""
    if isinstance(result, data.Matrix):
        rows = result.by(*distinguishing(each.labels for each in result.series))
        return rows.keys() == other.keys() and all(
            isinstance(other[key], list | tuple) and all_same(row, other[key], rel, abs_) for key, row in rows.items()
        )
    if isinstance(result, data.Vector):
        found = result.by(*distinguishing(each.labels for each in result.samples))
        return found.keys() == other.keys() and all(same(found[key], other[key], rel, abs_) for key in found)
    return False


def _equal_list(result: Result, other: list[Any] | tuple[Any, ...], rel: float, abs_: float) -> bool:
    if isinstance(result, data.Series):
        return all_same(result.values, other, rel, abs_)
    if isinstance(result, data.Matrix) and len(result.series) == 1:
        return all_same(result.series[0].on(result.steps), other, rel, abs_)
    if isinstance(result, data.Matrix) and other and not result.series:
        # Of no series there is nothing at each step: that is how a program says it that answers with a list.
        return all_same((None,) * len(result.steps), other)
    return not other and isinstance(result, data.Matrix | data.Vector) and not _size(result)


def _equal_number(result: Result, other: float, rel: float, abs_: float) -> bool:
    if isinstance(result, data.Vector):
        return len(result.samples) == 1 and same(result.samples[0].value, other, rel, abs_)
    if isinstance(result, data.Sample | data.Scalar):
        return same(result.value, other, rel, abs_)
    return False


def milliseconds(seconds: float) -> int:
    """An engine keeps no more of a time than this."""
    return round(seconds * 1000)
