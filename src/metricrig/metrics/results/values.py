"""Numbers and times as a test compares and reads them: NaN equals NaN, and an absent number equals only None."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Number = float | int | None


class Bounded(float):
    """A float with room around it: from ``below`` under it to ``above`` over it, both of them distances.

    It is what it is for arithmetic, ``==`` between numbers and printing; results and lists of values that are compared
    with it take what it covers.
    """

    __slots__ = ("above", "below")

    below: float
    above: float

    def covers(self, other: float) -> bool:
        """Whether another number lies within."""
        return -self.below <= other - float(self) <= self.above

    def __reduce__(self) -> tuple[Callable[[float, float, float], Bounded], tuple[float, float, float]]:
        return bounded, (float(self), self.below, self.above)


def bounded(value: float, below: float, above: float) -> Bounded:
    """A number and its room. No constructor of its own: there are millions, and that would cost three times as much."""
    made = Bounded(value)
    made.below, made.above = below, above
    return made


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


def milliseconds(seconds: float) -> int:
    """An engine keeps no more of a time than this."""
    return round(seconds * 1000)


def clock(seconds: float) -> str:
    """``2024-01-01T00:00:30Z``, with milliseconds where there are any."""
    try:
        moment = datetime.fromtimestamp(milliseconds(seconds) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds!r}"
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def offset(seconds: float) -> str:
    """``+90s``."""
    return f"+{milliseconds(seconds) / 1000:g}s"
