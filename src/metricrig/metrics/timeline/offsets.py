"""Moments on a grid, as typed: seconds from its start, and nothing else that a moment may be elsewhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Three years: no grid is as long, and every time since 1973 is more.
_SINCE_1970 = 100_000_000


def offset(at: Any, what: str) -> float:
    """Seconds from the grid's start, as a number."""
    if isinstance(at, bool) or not isinstance(at, int | float | np.integer | np.floating) or math.isnan(at):
        raise UsageError(f"{what}={at!r}: seconds from the grid's start, as a number: 50, not '50s' and no datetime")
    if _SINCE_1970 < at < math.inf:
        raise UsageError(f"{what}={at!r} is since 1970, and has to be since the grid's start: {at!r} - grid.start")
    return float(at)


def offsets(at: ArrayLike, what: str) -> NDArray[np.float64]:
    """Many of them."""
    moments = numbers(at, what)
    if moments.size:
        for each in (moments.min(), moments.max()):
            offset(each, what)
    return moments


def numbers(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """Numbers that are ones already: no text is made one."""
    found = np.asarray(values)
    if found.dtype.kind not in "iuf":
        raise UsageError(f"{what}={values!r}: a number is wanted here, or an array of them")
    return found.astype(np.float64)
