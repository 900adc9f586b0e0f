"""Intervals in which a number lies, where that is all that can be known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.expect.engine import meant
from metricrig.metrics.results import Matrix, Vector
from metricrig.metrics.results.values import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.metrics.expect.engine import Engine

# An interpolation ends on a bound up to the last bits of its arithmetic.
_LAST_BITS = 2.0**-49


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high``, both included; ``truth`` is the number that the buckets only enclose."""

    low: float
    high: float
    truth: float

    def __contains__(self, value: float) -> bool:
        slack = _LAST_BITS * max(abs(self.low), abs(self.high)) if self.high - self.low < float("inf") else 0.0
        return self.low - slack <= value <= self.high + slack


@dataclass(frozen=True, slots=True)
class Intervals:
    """An interval for each time at which anything is known: ``got in grid.expect.quantile(...)``.

    ``got`` is a store's answer of one series; or what another program made of it, as ``{time: value}`` with times in
    seconds since 1970; or one number, where one moment was asked for. What a point's window counts depends on the
    engine: it is the chosen one, or the one that has answered.
    """

    computed: Callable[[Engine], Mapping[float, Interval]]
    engine: Engine | None = None

    @property
    def at(self) -> Mapping[float, Interval]:
        """The intervals of the chosen engine, or else of the newest VictoriaMetrics."""
        return self.computed(meant(self.engine, None))

    def __contains__(self, got: object) -> bool:
        """Whether it has a value within at each of these times, whatever it has at others."""
        product = got.product if isinstance(got, Matrix | Vector) else None
        known = self.computed(meant(self.engine, product))
        if not known:
            raise UsageError(
                "nothing is known of this quantile at any of these times, so that no answer could be wrong\n"
                "  what to do: ask where something was observed, or use a window that holds more scrapes"
            )
        wanted = {milliseconds(time): interval for time, interval in known.items()}
        found = _points(got, wanted)
        return found is not None and all(
            (value := found.get(time)) is not None and value in interval for time, interval in wanted.items()
        )


def _points(got: object, wanted: Mapping[int, Interval]) -> Mapping[int, float | None] | None:
    if isinstance(got, int | float) and len(wanted) == 1:
        return dict.fromkeys(wanted, got)
    if isinstance(got, Mapping):
        return {milliseconds(time): value for time, value in got.items()}
    if isinstance(got, Matrix | Vector) and len(got.rows()) <= 1:
        pairs = [pair for row in got.rows() for pair in zip(row.times, row.values, strict=True)]
        return {milliseconds(time): value for time, value in pairs}
    return None
