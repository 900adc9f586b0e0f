"""What stands on a page: samples, and the exemplars beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from metricrig.metrics.exposition.labels import Labels


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation, told beside the sample that counts it; the timestamp is in seconds."""

    labels: Labels
    value: float
    timestamp: float | None = None


class Sample(NamedTuple):
    """One value of one series; ``timestamp`` is in seconds in either format, None if the page gives none.

    A named tuple, because it is made in a sixth of the time of a frozen dataclass: reading a page mostly makes samples.
    """

    name: str
    labels: Labels
    value: float
    timestamp: float | None = None
    exemplar: Exemplar | None = None

    def __str__(self) -> str:
        return f"{self.name}{self.labels or ''} {plain(self.value)}"


class Series:
    """A name with labels. Within one reader, equal series are one and the same object."""

    __slots__ = ("labels", "name")

    def __init__(self, name: str, labels: Labels) -> None:
        self.name = name
        self.labels = labels

    def __str__(self) -> str:
        return f"{self.name}{self.labels or ''}"


def plain(value: float) -> str:
    """A number without a needless ``.0``."""
    value = float(value)
    whole = value.is_integer() and abs(value) < 1e16  # noqa: PLR2004 - from there on repr has an exponent
    return str(int(value)) if whole else repr(value)
