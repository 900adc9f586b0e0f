"""The interface that all stores have, and what they say of a write."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from metricrig.metrics.results.labels import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from metricrig.metrics.promql.client import Grid
    from metricrig.metrics.remote_write.one_sample import When
    from metricrig.metrics.results import Matrix
    from metricrig.metrics.timeline.block import Block
    from metricrig.metrics.times import Moment


DEFAULT_VIEW_LABEL = "metricrig_view"


@dataclass(frozen=True, slots=True)
class ViewLabel:
    """The label of a view."""

    name: str
    value: str

    @classmethod
    def fresh(cls, name: str | None) -> ViewLabel:
        """One that nobody else has."""
        return cls(name or DEFAULT_VIEW_LABEL, uuid.uuid4().hex)

    @property
    def matcher(self) -> str:
        """As in a selector."""
        return f"{self.name}={quoted(self.value)}"


class HasBlocks(Protocol):
    """Anything that can say what it has as blocks, such as a timeline."""

    def blocks(self) -> Sequence[Block]:
        """All its series."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """How much was written. ``nans`` of the samples are NaN, which VictoriaMetrics does not keep."""

    samples: int
    requests: int
    nans: int = 0


class Store(Protocol):
    """Writes return when what they wrote is visible to queries."""

    def ingest(self, source: HasBlocks | Block | Iterable[Block], *, version: int = 1) -> Ingested:
        """Write a timeline or blocks."""

    def write(self, name: str, value: float, labels: Mapping[str, str] | None = None, at: When = None) -> Ingested:
        """Write one sample."""

    def query(self, expression: str, at: Moment | None = None) -> Any:
        """The value at one moment."""

    def query_range(self, expression: str, start: Grid | Moment, end: Moment | None = None, step: Any = None) -> Matrix:
        """The values at each step."""

    def series(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> list[dict[str, str]]:
        """The label sets that match."""

    def labels(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> list[str]:
        """All label names."""

    def label_values(
        self, name: str, *matches: str, start: Moment | None = None, end: Moment | None = None
    ) -> list[str]:
        """All values of a label."""

    def flush(self) -> None:
        """Make everything that was written, by whomever, visible."""

    def isolated(self, label: str | None = None) -> Self:
        """The same store, but only what is written through this view."""
