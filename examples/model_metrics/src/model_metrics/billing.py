"""What a bill is made of: requests, tokens and GPU-minutes of a period.

Each number is the difference of two running totals, at the end of the period and at its start. Both begin with the
same sample, a day before the period, so that three things come out right which ``increase(x[period])`` gets wrong:

- A replica that appears within the period is counted from 0, however much it has done before its first scrape.
- One that was there before is not, also if it was silent when the period began.
- Bills of adjacent periods add up to the bill of both: what happens between two scrapes is counted at the second.

Restarts are counted, replicas that have ended too. Whoever is silent for longer than a day counts as new.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from model_metrics.promql import selector

if TYPE_CHECKING:
    from model_metrics.store import Store

BEFORE = 86_400
"""Seconds before the period with which the running totals begin."""

Key = tuple[str, str]  # model version, instance type


class Line(NamedTuple):
    """A line of a bill."""

    model_version_id: str
    instance_type: str
    requests: float
    tokens: float
    gpu_seconds: float


METRICS = ("model_requests_total", "model_tokens_total", "model_gpu_seconds_total")


async def bill(store: Store, org: str, start: int, end: int) -> list[Line]:
    """The lines of an organization, in order; none for what has used nothing."""
    counts = await asyncio.gather(*(_used(store, metric, org, start, end) for metric in METRICS))
    keys = sorted({key for each in counts for key, used in each.items() if used})
    return [Line(*key, *(each.get(key, 0.0) for each in counts)) for key in keys]


async def _used(store: Store, metric: str, org: str, start: int, end: int) -> dict[Key, float]:
    before, after = await asyncio.gather(
        _total(store, metric, org, start, start - BEFORE * 1000),
        _total(store, metric, org, end, start - BEFORE * 1000),
    )
    return {key: total - before.get(key, 0.0) for key, total in after.items()}


async def _total(store: Store, metric: str, org: str, moment: int, since: int) -> dict[Key, float]:
    counted = f"increase_pure({selector(metric, org=org)}[{moment - since}ms])"
    rows = await store.at(f"sum by (model_version, instance_type) ({counted})", moment)
    return {
        (row.labels.get("model_version", ""), row.labels.get("instance_type", "")): value
        for row in rows
        for value in row.values.values()
    }
