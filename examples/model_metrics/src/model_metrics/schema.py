"""The queries. Each begins with whose request it is, and asks for nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaskErrors
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

from model_metrics import billing, moments
from model_metrics.dashboard import Asked, At, Numbers, Over
from model_metrics.directory import Directory, Org
from model_metrics.errors import Refused
from model_metrics.fields import field
from model_metrics.store import Store
from model_metrics.types import BillingLine, Count, InstantModelMetrics, RangeModelMetrics


@dataclass(frozen=True)
class Context:
    """What a request is answered with."""

    store: Store
    directory: Directory
    authorization: str | None

    def org(self) -> Org:
        """Whose request it is."""
        return self.directory.org(self.authorization)

    def numbers(self, model_version_id: str, asked: Asked) -> Numbers:
        """Of a model version of theirs: the organization is part of every query."""
        org = self.org()
        labels = {"org": org.name, "model_version": org.model_version(model_version_id)}
        return Numbers(self.store, labels, asked)


Asking = Info[Context, None]


@strawberry.type
class Query:
    @field("A chart: each point counts what came after the one before it.")
    def range_model_metrics(
        self, info: Asking, model_version_id: str, start: datetime, end: datetime, step: int
    ) -> RangeModelMetrics:
        asked = Over(moments.grid(start, end, step))
        return RangeModelMetrics(numbers=info.context.numbers(model_version_id, asked))

    @field("The last `window` seconds before a moment.")
    def instant_model_metrics(
        self, info: Asking, model_version_id: str, at: datetime, window: int
    ) -> InstantModelMetrics:
        asked = At(moments.milliseconds("at", at), moments.seconds("window", window))
        return InstantModelMetrics(numbers=info.context.numbers(model_version_id, asked))

    @field("What is to be paid for: after `start`, up to and with `end`.")
    async def billing_metrics(self, info: Asking, org: str, start: datetime, end: datetime) -> list[BillingLine]:
        name = info.context.org().itself(org)
        first, last = moments.period(start, end)
        return [BillingLine.of(line) for line in await billing.bill(info.context.store, name, first, last)]


def is_ours_alone(error: GraphQLError) -> bool:
    """Whether a client must not see it: an error of the program, not of the question."""
    return error.original_error is not None and not isinstance(error.original_error, Refused)


schema = strawberry.Schema(
    Query,
    extensions=[lambda: MaskErrors(should_mask_error=is_ours_alone)],
    # As the dashboards write them: inference_volume_by_status.
    config=StrawberryConfig(
        auto_camel_case=False,
        scalar_map={Count: strawberry.scalar(name="Count", description="A whole number.", serialize=int)},
    ),
)
