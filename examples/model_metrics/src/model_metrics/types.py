"""The types of the API. A field asks the store only when a client asks for the field."""

from __future__ import annotations

from datetime import datetime
from typing import NewType

import strawberry

from model_metrics.billing import Line
from model_metrics.dashboard import END_TO_END, INFERENCE, Numbers
from model_metrics.fields import field
from model_metrics.moments import written

Count = NewType("Count", int)
"""Tokens are soon more than the 32 bits of GraphQL's own Int."""


@strawberry.type(description="Requests per minute of one class of status, 0.0 where there were none.")
class VolumeSeries:
    status: str
    values: list[float]


@strawberry.type(description="A percentile in seconds; null where nothing was observed.")
class PercentileSeries:
    percentile: str
    values: list[float | None]


@strawberry.type(description="The numbers of a model version; the values of each list are of these times.")
class RangeModelMetrics:
    numbers: strawberry.Private[Numbers]

    @strawberry.field
    def times(self) -> list[datetime]:
        return [written(each) for each in self.numbers.asked.times]

    @field("For 2xx, 4xx and 5xx.")
    async def inference_volume_by_status(self) -> list[VolumeSeries]:
        return [VolumeSeries(status=name, values=values) for name, values in (await self.numbers.volume()).items()]

    @field("p50, p90, p95 and p99 of the time that inference takes.")
    async def response_time_percentiles(self) -> list[PercentileSeries]:
        return await _series(self.numbers, INFERENCE)

    @field("The mean time that inference takes.")
    async def average_response_time(self) -> list[float | None]:
        return await self.numbers.average(INFERENCE)

    @field("p50, p90, p95 and p99 from the arrival of a request to the end of its answer.")
    async def e2e_response_time_percentiles(self) -> list[PercentileSeries]:
        return await _series(self.numbers, END_TO_END)

    @field("The mean from the arrival of a request to the end of its answer.")
    async def average_e2e_response_time(self) -> list[float | None]:
        return await self.numbers.average(END_TO_END)


@strawberry.type(description="Requests per minute of one class of status.")
class Volume:
    status: str
    value: float


@strawberry.type(description="A percentile in seconds; null if nothing was observed.")
class Percentile:
    percentile: str
    value: float | None


@strawberry.type(description="The numbers of a model version in the window that ends at one moment.")
class InstantModelMetrics:
    numbers: strawberry.Private[Numbers]

    @field("For 2xx, 4xx and 5xx.")
    async def inference_volume_by_status(self) -> list[Volume]:
        return [Volume(status=name, value=value) for name, (value,) in (await self.numbers.volume()).items()]

    @field("p50, p90, p95 and p99 of the time that inference takes.")
    async def response_time_percentiles(self) -> list[Percentile]:
        return await _single(self.numbers, INFERENCE)

    @field("The mean time that inference takes.")
    async def average_response_time(self) -> float | None:
        return (await self.numbers.average(INFERENCE))[0]

    @field("p50, p90, p95 and p99 from the arrival of a request to the end of its answer.")
    async def e2e_response_time_percentiles(self) -> list[Percentile]:
        return await _single(self.numbers, END_TO_END)

    @field("The mean from the arrival of a request to the end of its answer.")
    async def average_e2e_response_time(self) -> float | None:
        return (await self.numbers.average(END_TO_END))[0]


@strawberry.type(description="What one model version has used on one type of instance.")
class BillingLine:
    model_version_id: str
    instance_type: str
    requests: Count
    tokens: Count
    gpu_minutes: float

    @classmethod
    def of(cls, line: Line) -> BillingLine:
        """Requests and tokens are whole, whatever adding floats has made of them."""
        return cls(
            model_version_id=line.model_version_id,
            instance_type=line.instance_type,
            requests=Count(round(line.requests)),
            tokens=Count(round(line.tokens)),
            gpu_minutes=line.gpu_seconds / 60,
        )


async def _series(numbers: Numbers, metric: str) -> list[PercentileSeries]:
    return [PercentileSeries(percentile=name, values=of) for name, of in (await numbers.percentiles(metric)).items()]


async def _single(numbers: Numbers, metric: str) -> list[Percentile]:
    return [Percentile(percentile=name, value=of) for name, (of,) in (await numbers.percentiles(metric)).items()]
