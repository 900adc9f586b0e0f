"""The numbers of a dashboard: what is asked of the store for a model version, over a range or at one moment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from model_metrics.promql import selector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model_metrics.moments import Grid
    from model_metrics.store import Row, Store

STATUSES = ("2xx", "4xx", "5xx")
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
INFERENCE, END_TO_END = "model_inference_seconds", "model_e2e_seconds"


class Asked(Protocol):
    """When a question is asked: at the points of a range, or at one moment."""

    @property
    def window(self) -> int:
        """How many seconds each point looks back."""

    @property
    def times(self) -> Sequence[int]:
        """The points, in milliseconds."""

    async def rows(self, store: Store, expression: str) -> list[Row]:
        """What the store answers."""


class Over(NamedTuple):
    """Each point looks back to the one before it: nothing is counted twice, and nothing is left out."""

    grid: Grid

    @property
    def window(self) -> int:
        """The step."""
        return self.grid.step

    @property
    def times(self) -> Sequence[int]:
        """The grid."""
        return self.grid.times

    async def rows(self, store: Store, expression: str) -> list[Row]:
        """A range query."""
        return await store.over(expression, self.grid)


class At(NamedTuple):
    """One moment, and how many seconds it looks back."""

    moment: int
    window: int

    @property
    def times(self) -> Sequence[int]:
        """The moment."""
        return (self.moment,)

    async def rows(self, store: Store, expression: str) -> list[Row]:
        """An instant query."""
        return await store.at(expression, self.moment)


Values = list[float | None]


@dataclass(frozen=True)
class Numbers:
    """The numbers of one model version of one organization."""

    store: Store
    labels: Mapping[str, str]
    asked: Asked

    async def volume(self) -> dict[str, list[float]]:
        """Requests a minute by class of status, 0 where there are none."""
        wanted = selector("model_requests_total", 'status=~"[245].."', **self.labels)
        grouped = f'label_replace(increase({wanted}[{self.asked.window}s]), "class", "${{1}}xx", "status", "(.).*")'
        rows = {row.labels["class"]: row.values for row in await self._rows(f"sum by (class) ({grouped})")}
        return {status: [self._a_minute(rows.get(status, {}).get(time)) for time in self._times] for status in STATUSES}

    async def percentiles(self, metric: str) -> dict[str, Values]:
        """Percentiles of a histogram; None where nothing was observed."""
        buckets = f"sum by (le) (increase({self._of(f'{metric}_bucket')}))"
        asked = (self._values(f"histogram_quantile({share}, {buckets})") for share in PERCENTILES.values())
        return dict(zip(PERCENTILES, await asyncio.gather(*asked), strict=True))

    async def average(self, metric: str) -> Values:
        """The mean of what was observed; None where nothing was."""
        total, count = (f"sum(increase({self._of(f'{metric}_{part}')}))" for part in ("sum", "count"))
        return await self._values(f"{total} / {count}")

    @property
    def _times(self) -> Sequence[int]:
        return self.asked.times

    def _a_minute(self, count: float | None) -> float:
        return (count or 0.0) * 60 / self.asked.window

    def _of(self, metric: str) -> str:
        return f"{selector(metric, **self.labels)}[{self.asked.window}s]"

    async def _values(self, expression: str) -> Values:
        """Of an expression that gives one series, or none."""
        found = {time: value for row in await self._rows(expression) for time, value in row.values.items()}
        return [found.get(time) for time in self._times]

    async def _rows(self, expression: str) -> list[Row]:
        return await self.asked.rows(self.store, expression)
