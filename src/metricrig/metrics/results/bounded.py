"""A number that carries how far from it a right answer may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


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
