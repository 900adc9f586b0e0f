"""A block: many series on one grid, as arrays, with what is known about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from metricrig._core.arguments import wrong
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


MetricType = Literal["unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"]
"""As OpenMetrics names them."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a scrape reads in the lines above the samples; only version 2 of remote write sends it with its series."""

    type: MetricType = "unknown"
    help: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if self.type not in get_args(MetricType):
            raise wrong("Metadata", "type", self.type, f"one of {', '.join(get_args(MetricType))}")


STALE_BITS = 0x7FF0000000000002
"""A NaN with this payload says that the series has ended; any other NaN is a value."""

STALE = np.array([STALE_BITS], dtype=np.uint64).view(np.float64)


_SMALL_BLOCK_SERIES = 100
_FEWEST_TO_MERGE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Series that share their timestamps. Only what is ``present`` is written.

    ``labels`` has one mapping a series, ``__name__`` included; ``times`` are milliseconds;
    ``values`` and ``present`` have a row for each series and a column for each time. ``metadata`` has one for each
    series, or is empty.
    """

    labels: Sequence[Mapping[str, str]]
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    present: NDArray[np.bool_]
    metadata: Sequence[Metadata] = ()


def is_stale(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of these values are stale markers."""
    stale: NDArray[np.bool_] = np.ascontiguousarray(values).view(np.uint64) == STALE_BITS
    return stale


def merged(blocks: list[Block]) -> list[Block]:
    """Small blocks of one grid as one: a writer works through few tables, not through a thousand rows."""
    small = [block for block in blocks if len(block.labels) < _SMALL_BLOCK_SERIES]
    if len(small) < _FEWEST_TO_MERGE:
        return blocks
    one = Block(
        [labels for block in small for labels in block.labels],
        small[0].times,
        np.concatenate([block.values for block in small]),
        np.concatenate([block.present for block in small]),
        [each for block in small for each in block.metadata],
    )
    return [one, *(block for block in blocks if len(block.labels) >= _SMALL_BLOCK_SERIES)]
