"""How far floating point arithmetic may lead from the exact result: the classical bounds, for each point.

``UNIT`` is half of the distance from 1 to the next float: each operation is off by at most that share of its result.
Sums of whole numbers are exact as long as no partial sum, in whatever order, leaves 2**53.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Mask = NDArray[np.bool_]

UNIT = 2.0**-53
LARGEST_WHOLE = 2.0**53
# A rate or an average is a few operations on a sum, and a processor may fuse a product with an addition.
_LAST_BITS = 4 * UNIT


def added(
    total: Numbers, magnitude: Numbers, count: Numbers, *, whole: bool | Mask = False, compensated: bool = False
) -> Numbers:
    """Of so many numbers whose absolute values add up to ``magnitude``, added one by one in any order.

    The sum of two is the same in either order, so that it is off by nothing. A compensated sum (Neumaier's) is off by
    the rounding of its result, and by what is of second order.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        if compensated:
            off = 2 * UNIT * np.abs(total) + 2 * (count * UNIT) ** 2 * magnitude
        else:
            off = (count - 1) * UNIT * magnitude
    exact = (count <= 2) | (whole & (magnitude <= LARGEST_WHOLE))  # noqa: PLR2004 - see above
    return finite(np.where(exact, 0.0, off))


def whole(values: Numbers) -> Mask:
    """Which are whole numbers, or not finite and so not rounded."""
    with np.errstate(invalid="ignore"):
        result: Mask = (values == np.rint(values)) | ~np.isfinite(values)
    return result


def last_bits(values: Numbers) -> Numbers:
    """What is allowed to the few operations that make a quotient."""
    return finite(np.abs(values) * _LAST_BITS)


def finite(error: Numbers) -> Numbers:
    """Nothing is tolerated around an infinity or a NaN: they are what they are."""
    return np.where(np.isfinite(error), error, 0.0)
