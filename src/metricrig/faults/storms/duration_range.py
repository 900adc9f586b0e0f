"""A range of durations, such as ``1s…3s``, from which chance chooses."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from metricrig._core.arguments import wrong
from metricrig._core.errors import UsageError
from metricrig.metrics.times import duration

Duration = float | str | timedelta
_BETWEEN = re.compile(r"…|\.\.\.?")
_LONGEST_SECONDS = 86_400.0
"""Nobody breaks things for longer than a day."""


@dataclass(frozen=True, slots=True)
class DurationRange:
    """From ``shortest`` to ``longest``, in seconds."""

    shortest: float
    longest: float

    def at(self, share: float) -> float:
        """The duration so far into the range, from 0 to 1, in whole milliseconds."""
        return round(self.shortest + (self.longest - self.shortest) * share, 3)

    def __str__(self) -> str:
        if self.shortest == self.longest:
            return f"{self.shortest:g}s"
        return f"{self.shortest:g}s…{self.longest:g}s"


def seconds_of(who: str, what: str, given: Any) -> float:
    """One duration: ``30``, ``"30s"`` or ``"1m30s"``, in whole milliseconds, and above 0."""
    try:
        length = math.nan if isinstance(given, bool) else round(duration(given), 3)
    except (UsageError, TypeError, ValueError, OverflowError):
        length = math.nan
    if not 0 < length <= _LONGEST_SECONDS:  # also what is not a number
        raise wrong(who, what, given, f'a duration above 0 and up to a day: {what}="30s", {what}="1m30s", {what}=2.5')
    return length


def range_of(who: str, what: str, given: Any) -> DurationRange:
    """Two durations with ``…`` or ``..`` between them; one alone is a range as well."""
    if isinstance(given, DurationRange):
        return given
    parts = [each.strip() for each in _BETWEEN.split(given)] if isinstance(given, str) else [given]
    try:
        lengths = [seconds_of(who, what, each) for each in parts]
    except UsageError:
        lengths = []
    if not 1 <= len(lengths) <= 2 or lengths[0] > lengths[-1]:  # noqa: PLR2004 - the two ends
        raise wrong(who, what, given, f'a range of durations: {what}="1s…3s", or with two dots: {what}="200ms..2s"')
    return DurationRange(lengths[0], lengths[-1])
