"""Times and durations as people type them, and the grid that they make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
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


def clock(start: str | float, every: str | float, length: str | float) -> Clock:
    """The grid from its start to its end, both included if the length is a multiple of the distance."""
    step, whole = duration(every, "every"), duration(length, "length")
    if step <= 0 or whole < 0 or whole // step >= _MOST_STEPS:
        raise UsageError(f"a timeline of every={every!r} and length={length!r} has no steps, or too many")
    return Clock(moment(start), step, whole // step + 1)


def moment(start: str | float) -> int:
    """An ISO time (UTC unless it says otherwise) or seconds since 1970, as milliseconds."""
    if isinstance(start, str):
        try:
            parsed = datetime.fromisoformat(start)
        except ValueError:
            raise UsageError(f'start={start!r} is no time, such as "2024-01-01T00:00:00Z" or 1704067200') from None
        start = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    if start <= 0:
        raise UsageError(f"start={start!r}: engines drop or break data of 1970 and before; start later")
    return milliseconds(start)


def duration(text: str | float, what: str = "duration") -> int:
    """``"30s"``, ``"1h30m"``, ``"250ms"`` or seconds, as milliseconds."""
    if isinstance(text, int | float):
        return milliseconds(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f'{what}={text!r} is no duration, such as "30s", "1h30m", "250ms" or 30')
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))


def milliseconds(seconds: float) -> int:
    """What engines count in."""
    return round(seconds * 1000)
