"""Numbers as a test compares them: NaN equals NaN, and an absent one equals only None."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from metricrig.metrics.results.bounded import Bounded

if TYPE_CHECKING:
    from collections.abc import Sequence

Number = float | int | None


def same(one: object, other: object, rel: float = 0.0, abs_: float = 0.0) -> bool:
    """Whether two numbers are equal, or one lies within the other's room; None, a missing sample, only equals None."""
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return one is None and other is None
    if one == other or (math.isnan(one) and math.isnan(other)):
        return True
    if (isinstance(one, Bounded) and one.covers(other)) or (isinstance(other, Bounded) and other.covers(one)):
        return True
    return bool(rel or abs_) and math.isclose(one, other, rel_tol=rel, abs_tol=abs_)


def all_same(some: Sequence[object], others: Sequence[object], rel: float = 0.0, abs_: float = 0.0) -> bool:
    """The same for each pair of two sequences of one length."""
    return len(some) == len(others) and all(
        same(one, other, rel, abs_) for one, other in zip(some, others, strict=True)
    )


class Values(tuple[Number, ...]):
    """The values of one series, None where it has none; equals a list, a tuple or another of its kind."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | tuple):
            return NotImplemented  # pytest.approx knows how to compare with a sequence
        return all_same(self, other)

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    __hash__ = tuple.__hash__

    def __repr__(self) -> str:
        return f"[{', '.join(shown(value) for value in self)}]"


def shown(value: object) -> str:
    """A number without needless digits: ``3``, ``0.1``, ``NaN``, and ``-`` where there is none."""
    if value is None:
        return "-"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - longer ones are read better as 1e+15
            return f"{value:.0f}"
    return repr(value)
