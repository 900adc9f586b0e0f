"""The store of metrics, as far as this application asks it: instant and range queries over HTTP."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from model_metrics.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model_metrics.moments import Grid

log = logging.getLogger(__name__)

# Its cache moves the ends of long ranges to multiples of the step, and may answer with what was there before: a
# dashboard's points have to be where it asked for them.
FRESH = {"nocache": "1"}


class Row(NamedTuple):
    """One series of an answer: its labels, and its values by time in milliseconds."""

    labels: Mapping[str, str]
    values: Mapping[int, float]


@dataclass(frozen=True)
class Store:
    """``parameters`` are added to each request, like the custom query parameters of a Grafana data source."""

    client: httpx.AsyncClient
    url: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    async def at(self, expression: str, moment: int) -> list[Row]:
        """The values at one moment, in milliseconds since 1970."""
        data = await self._asked("query", query=expression, time=f"{moment / 1000:.3f}")
        return [Row(each["metric"], _points([each["value"]])) for each in data["result"]]

    async def over(self, expression: str, grid: Grid) -> list[Row]:
        """The values at each point of the grid."""
        start, end = f"{grid.times[0] / 1000:.3f}", f"{grid.times[-1] / 1000:.3f}"
        data = await self._asked("query_range", query=expression, start=start, end=end, step=f"{grid.step}s")
        return [Row(each["metric"], _points(each["values"])) for each in data["result"]]

    async def _asked(self, kind: str, **form: str) -> Any:
        try:
            answer = await self.client.post(f"{self.url}/api/v1/{kind}", data={**FRESH, **self.parameters, **form})
            answer.raise_for_status()
            return answer.json()["data"]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            log.exception("%s of %s failed", kind, form["query"])
            raise StoreUnavailable("the metrics cannot be read at the moment; try again later") from error


def _points(pairs: list[tuple[float, str]]) -> dict[int, float]:
    """What is a number; infinities and NaN have no place in JSON, and mean that there is nothing to tell."""
    found = {round(time * 1000): float(value) for time, value in pairs}
    return {time: value for time, value in found.items() if math.isfinite(value)}
