"""What a timeline hands to whoever writes it: many series on one grid, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

STALE_BITS = 0x7FF0000000000002
"""A NaN with this payload says that the series has ended; any other NaN is a value."""

STALE = np.array([STALE_BITS], dtype=np.uint64).view(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Series that share their timestamps. Only what is ``present`` is written.

    ``labels`` has one mapping a series, ``__name__`` included; ``times`` are milliseconds;
    ``values`` and ``present`` have a row for each series and a column for each time.
    """

    labels: Sequence[Mapping[str, str]]
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    present: NDArray[np.bool_]


def is_stale(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of these values are stale markers."""
    return np.ascontiguousarray(values).view(np.uint64) == STALE_BITS
