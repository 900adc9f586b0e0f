"""The scrape times of a timeline, and the times and durations of which people make them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.times import seconds

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from metricrig.metrics.times import Moment


Length = str | float | timedelta
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_YEAR_2600 = 2e10
# A year of seconds is the longest timeline that anybody meant; it also keeps arrays in memory.
_MOST_STEPS = 40_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """The scrape times: the first one, the distance of two and how many, in milliseconds."""

    first: int
    every: int
    steps: int

    @property
    def last(self) -> int:
        """The last scrape."""
        return self.first + self.every * (self.steps - 1)

    def times(self) -> NDArray[np.int64]:
        """All of them."""
        return self.first + self.every * np.arange(self.steps, dtype=np.int64)

    def offsets(self) -> NDArray[np.float64]:
        """All of them as seconds from the first."""
        return self.every * np.arange(self.steps, dtype=np.int64) / 1000.0

    def index(self, at: float) -> int:
        """The first scrape that sees what happened then; the number of steps if none does."""
        return max(0, -(-milliseconds(at) // self.every))


def clock(start: Moment, every: Length, length: Length) -> Clock:
    """The grid from its start to its end, both included if the length is a multiple of the distance."""
    step, whole = duration(every, "every"), duration(length, "length")
    if step <= 0 or whole < 0 or whole // step >= _MOST_STEPS:
        raise UsageError(f"a timeline of every={every!r} and length={length!r} has no steps, or too many")
    return Clock(moment(start), step, whole // step + 1)


def moment(start: Moment) -> int:
    """A time with a zone, or seconds since 1970, as milliseconds."""
    found = seconds(start)
    if not found > 0:
        raise UsageError(f"start={start!r}: engines drop or break data of 1970 and before; start later")
    if found >= _YEAR_2600:
        raise UsageError(f"start={start!r} are milliseconds? seconds since 1970 are wanted: {found / 1000:.0f}")
    return milliseconds(found)


def duration(text: Length, what: str = "duration") -> int:
    """``"30s"``, ``"1h30m"``, ``"250ms"``, a timedelta or seconds, as milliseconds."""
    if isinstance(text, timedelta):
        return milliseconds(text.total_seconds())
    if isinstance(text, int | float):
        return milliseconds(text)
    parts = _PART.findall(str(text))  # of anything: what is no text is no duration either
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f'{what}={text!r} is no duration, such as "30s", "1h30m", "250ms" or 30')
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))


def milliseconds(seconds: float) -> int:
    """What engines count in."""
    return round(seconds * 1000)


# Three years: no grid is as long, and every time since 1973 is more.
_SINCE_1970 = 100_000_000


def offset(at: Any, what: str) -> float:
    """Seconds from the grid's start, as a number."""
    if isinstance(at, bool) or not isinstance(at, int | float | np.integer | np.floating) or math.isnan(at):
        raise UsageError(f"{what}={at!r}: seconds from the grid's start, as a number: 50, not '50s' and no datetime")
    if _SINCE_1970 < at < math.inf:
        raise UsageError(f"{what}={at!r} is since 1970, and has to be since the grid's start: {at!r} - grid.start")
    return float(at)


def offsets(at: ArrayLike, what: str) -> NDArray[np.float64]:
    """Many of them."""
    moments = numbers(at, what)
    if moments.size:
        for each in (moments.min(), moments.max()):
            offset(each, what)
    return moments


def numbers(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """Numbers that are ones already: no text is made one."""
    found = np.asarray(values)
    if found.dtype.kind not in "iuf":
        raise UsageError(f"{what}={values!r}: a number is wanted here, or an array of them")
    return found.astype(np.float64)
