"""A number that carries how far from it a right answer may lie."""

from __future__ import annotations

from typing import Self


class Bounded(float):
    """A float with room around it: from ``below`` under it to ``above`` over it, both of them distances.

    It is what it is for arithmetic, ``==`` between numbers and printing; results and lists of values that are compared
    with it take what it covers.
    """

    __slots__ = ("above", "below")

    below: float
    above: float

    def __new__(cls, value: float, below: float, above: float) -> Self:
        """The number and its room."""
        made = super().__new__(cls, value)
        made.below, made.above = below, above
        return made

    def covers(self, other: float) -> bool:
        """Whether another number lies within."""
        return -self.below <= other - float(self) <= self.above

    def __reduce__(self) -> tuple[type[Bounded], tuple[float, float, float]]:
        return Bounded, (float(self), self.below, self.above)
