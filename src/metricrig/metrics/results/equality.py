"""The comparison of an answer with an expectation: with another answer, or with plain numbers, lists and dicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metricrig.metrics.results.content import Content
from metricrig.metrics.results.labels import identity
from metricrig.metrics.results.values import Values, all_same, milliseconds, same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.metrics.results.content import Row
    from metricrig.metrics.results.labels import Identity


@dataclass(frozen=True, slots=True, eq=False)
class Approximate:
    """An expectation that is met by what is close to it: ``got == expected.approx(rel=1e-6)``."""

    expected: Content
    rel: float
    abs: float

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Approximate):
            return NotImplemented
        return self.expected.equals(other, self.rel, self.abs)

    __hash__ = None  # type: ignore[assignment]


def equal(result: Content, other: object, rel: float, abs_: float) -> bool:
    """Whether they are the same, in whatever order the series are."""
    if isinstance(other, Content):
        return _equal_results(result.against(other), other.against(result), rel, abs_)
    result = result.plain()
    if isinstance(other, dict):
        return _equal_dict(result.as_dict(), other, rel, abs_)
    if isinstance(other, list | tuple):
        return _equal_list(result, other, rel, abs_)
    if isinstance(other, int | float):
        number = result.as_number()
        return number is not None and same(number, other, rel, abs_)
    return NotImplemented  # type: ignore[no-any-return]  # what Python calls Any here


def by_identity(result: Content) -> dict[Identity, Row]:
    """Its rows, each by its label set."""
    return {identity(row.labels): row for row in result.rows()}


def _equal_results(one: Content, other: Content, rel: float, abs_: float) -> bool:
    # Two equal label sets in one result are two series: as keys of a dict they would be one.
    if type(one) is not type(other) or len(one.rows()) != len(other.rows()):
        return False
    mine, theirs = by_identity(one), by_identity(other)
    return mine.keys() == theirs.keys() and all(
        _equal_rows(row, theirs[labels], rel, abs_) for labels, row in mine.items()
    )


def _equal_rows(one: Row, other: Row, rel: float, abs_: float) -> bool:
    at_one, at_other = [[milliseconds(time) for time in row.times] for row in (one, other)]
    return at_one == at_other and all_same(one.values, other.values, rel, abs_)


def _equal_dict(found: Mapping[Any, object] | None, other: Mapping[Any, object], rel: float, abs_: float) -> bool:
    """``{"200": [0, 1]}`` for a matrix and ``{"200": 3}`` for a vector, by all labels but the name."""
    return (
        found is not None
        and found.keys() == other.keys()
        and all(_equal_value(value, other[key], rel, abs_) for key, value in found.items())
    )


def _equal_value(one: object, other: object, rel: float, abs_: float) -> bool:
    if isinstance(one, Values):
        return isinstance(other, list | tuple) and all_same(one, other, rel, abs_)
    return same(one, other, rel, abs_)


def _equal_list(result: Content, other: Sequence[object], rel: float, abs_: float) -> bool:
    if not other and not result.rows():
        return True
    found = result.as_list()
    return found is not None and all_same(found, other, rel, abs_)
