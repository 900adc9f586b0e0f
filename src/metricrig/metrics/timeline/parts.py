"""The series that histograms and summaries consist of: which they are, and how their bounds are written."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.block import Block
from metricrig.metrics.timeline.rows import NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metricrig.metrics.timeline.distribution import Observed


class Part:
    """Some of the series of a histogram or summary, to be asked for."""

    def __init__(self, whole: Observed, suffix: str) -> None:
        self._whole = whole
        self._suffix = suffix

    def emitted(self) -> list[Part]:
        """The same of each child."""
        return [Part(each, self._suffix) for each in self._whole.emitted()]

    def block(self, extra: Mapping[str, str]) -> Block:
        """These rows of the block."""
        block = self._whole.block(extra)
        name = self._whole.series[0][NAME] + self._suffix
        chosen = [index for index, labels in enumerate(block.labels) if labels[NAME] == name]
        labels = [block.labels[index] for index in chosen]
        return Block(labels, block.times, block.values[chosen], block.present[chosen])


def bounds(buckets: Any) -> tuple[float, ...]:
    """The bounds with infinity, which every histogram has."""
    several = list(buckets) if isinstance(buckets, Sequence | np.ndarray) else []
    numbers = all(isinstance(each, int | float) for each in several)
    if not several or not numbers or not all(low < high for low, high in pairwise(several)):
        raise UsageError(f"buckets={buckets!r} must be rising upper bounds, such as [0.1, 0.5, 1]")
    return tuple(float(each) for each in several) + (() if several[-1] == float("inf") else (float("inf"),))


def written(bound: float) -> str:
    """A bound as clients write it: ``0.5``, ``1.0``, ``+Inf``."""
    return "+Inf" if bound == float("inf") else repr(float(bound))
