"""One request to write, ready to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Body:
    """One request."""

    number: int
    data: bytes
    samples: int
    series: int
    headers: Mapping[str, str]

    def __str__(self) -> str:
        return f"batch {self.number} ({self.samples} samples of {self.series} series, {len(self.data)} bytes)"
