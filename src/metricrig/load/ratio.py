"""A ratio of two figures, and the interval in which chance would have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

RESAMPLES = 1000
"""How often chance is asked: the ends of a 95 % interval then lie within 1 % of where more would have them."""
_OUTSIDE = 0.025
"""The part of the drawings on either side of an interval of 95 % confidence."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times the other's: ``value`` as measured, and with 95 % confidence between ``low`` and ``high``.

    ``assert ratio.low < 1.1`` fails only if it is proven to be more than a tenth above.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.low:.3g}…{self.high:.3g})"


def interval(drawn: Iterable[float]) -> tuple[float, float]:
    """What all but the lowest and the highest fortieth of the drawings lie between."""
    ordered = sorted(drawn)
    beyond = int(_OUTSIDE * len(ordered))
    return ordered[beyond], ordered[len(ordered) - 1 - beyond]
