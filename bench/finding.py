"""What a benchmark has found: a median, and the ratio to whoever it is compared with, beside what was aimed at."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.rounds import spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.rounds import Timings

MS = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """At most this ratio, or this many milliseconds."""

    limit: float
    unit: str = "x"

    def __str__(self) -> str:
        return f"<= {self.limit:g}{'' if self.unit == 'x' else ' ms'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row of the report."""

    about: str
    who: str
    ms: float
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    target: Target | None = None
    rounds: int

    @property
    def verdict(self) -> str:
        """Whether the target is met; nothing where there is none."""
        if self.target is None:
            return ""
        value = self.ms if self.target.unit == "ms" else self.ratio
        return "meets target" if value is not None and value <= self.target.limit else "misses"


@dataclass(frozen=True, slots=True)
class Report:
    """The rows of one benchmark, and what has to be known to read them."""

    findings: list[Finding]
    notes: tuple[str, ...] = ()


def compare(about: str, timings: Timings, *, base: str, targets: Mapping[str, Target]) -> list[Finding]:
    """A row for each contender, as a ratio to the one called ``base``, if that takes part."""
    return [
        Finding(
            about=about,
            who=who,
            ms=median(seconds) * MS,
            ratio=None if who == base or base not in timings else median(seconds) / median(timings[base]),
            spread=None if who == base or base not in timings else spread(seconds, timings[base]),
            target=targets.get(who),
            rounds=len(seconds),
        )
        for who, seconds in timings.items()
    ]
