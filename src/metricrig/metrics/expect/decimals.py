"""What VictoriaMetrics loses in storing: it keeps the samples of a series as whole numbers times one power of ten.

As in its ``lib/decimal/decimal.go``. A float is turned into the shortest decimal within 1e-12 of it (1e-15 above a
million), and all decimals of a block have one exponent, so that a large one takes digits from the small ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.metrics.expect.rounding import LARGEST_WHOLE
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Digits = NDArray[np.int64]

_MOST_DIGITS = 2**55
_LARGEST = 2**63 - 1
_FASTEST = 2.0**64  # what its integer path takes
_PRECISION, _PRECISION_ABOVE_A_MILLION = 1e12, 1e15
_ROUNDS = 10  # by a hundred each: more than the precision has digits
_ROOM = np.array([_LARGEST // 10**up for up in range(18, 0, -1)], dtype=np.int64)

_POWERS = np.array([float(f"1e{power}") for power in range(-323, 309)])
# Floats by which scaling to and fro by powers of ten is off, where that is not exact: up to ten were seen.
_SCALING = 16


def lost(values: Numbers) -> Numbers:
    """How far what is read may be from what was written, for each sample of one series.

    Which samples share a block is not known: between each by itself and all of them together lies every block.
    """
    error = np.zeros(len(values))
    finite = np.isfinite(values) & (values != 0)
    numbers = np.abs(values[finite])
    if not numbers.size or ((numbers == np.rint(numbers)).all() and numbers.max() <= LARGEST_WHOLE):
        return error
    digits, exponents = _decimals(numbers)
    lowest = min(int(exponents.min()), 0 if (values == 0).any() else _LARGEST)
    common = max(lowest, int((exponents - _upscalable(digits)).max()))
    alone, together = _float(digits, exponents), _float(*_cut(digits, exponents, common))
    off = np.maximum(np.abs(alone - numbers), np.abs(together - numbers))
    with np.errstate(over="ignore"):
        long = numbers / _power(np.array(lowest)) > LARGEST_WHOLE  # with as many zeros as the block may add
    scaled = (off > 0) | long | (_far(numbers) & ((numbers != np.rint(numbers)) | (numbers > LARGEST_WHOLE)))
    error[finite] = off + np.where(scaled, _SCALING * np.spacing(numbers), 0)
    return error


def _decimals(numbers: Numbers) -> tuple[Digits, Digits]:
    small = (numbers < _FASTEST) & (numbers == np.floor(numbers))
    digits, exponents = np.zeros(len(numbers), dtype=np.int64), np.zeros(len(numbers), dtype=np.int64)
    digits[small], exponents[small] = _of_whole(numbers[small])
    digits[~small], exponents[~small] = _of_others(numbers[~small])
    return digits, exponents


def _of_whole(numbers: Numbers) -> tuple[Digits, Digits]:
    wide, exponents = numbers.astype(np.uint64), np.zeros(len(numbers), dtype=np.int64)
    while (large := wide >= _MOST_DIGITS).any():
        wide, exponents = np.where(large, wide // np.uint64(10), wide), exponents + large
    return _stripped(wide.astype(np.int64), exponents)


def _of_others(numbers: Numbers) -> tuple[Digits, Digits]:
    far = _far(numbers)
    precision = np.where(numbers > 1e6, _PRECISION_ABOVE_A_MILLION, _PRECISION)  # noqa: PLR2004 - see above
    binary = np.clip(np.frexp(numbers)[1], -1022, 1023)
    exponents = np.where(far, np.trunc(binary * np.log10(2.0)), 0).astype(np.int64)
    scaled = np.where(far, numbers * _power(-exponents), numbers)
    going = scaled < precision
    for _ in range(_ROUNDS):
        below = np.floor(scaled)
        rest = scaled - below
        down, up = going & (rest * precision < below), going & ((1 - rest) * precision < below)
        scaled = np.where(down, below, np.where(up, below + 1, scaled))
        going &= ~(down | up)
        scaled, exponents = np.where(going, scaled * 100, scaled), exponents - 2 * going
        going &= scaled < precision
    return _stripped(scaled.astype(np.int64), exponents)


def _far(numbers: Numbers) -> NDArray[np.bool_]:
    """Which are brought near one first."""
    far: NDArray[np.bool_] = (numbers > 1e6) | (numbers < 1e-6)  # noqa: PLR2004 - see above
    return far


def _stripped(digits: Digits, exponents: Digits) -> tuple[Digits, Digits]:
    """Without zeros at the end."""
    while (zero := (digits % 10 == 0) & (digits != 0)).any():
        digits, exponents = np.where(zero, digits // 10, digits), exponents + zero
    return digits, exponents


def _upscalable(digits: Digits) -> Digits:
    """How many zeros fit behind these digits."""
    return 18 - np.searchsorted(_ROOM, digits, side="left").astype(np.int64)


def _cut(digits: Digits, exponents: Digits, common: int) -> tuple[Digits, Digits]:
    """Those digits that are left with a higher exponent; with a lower one there are only zeros more."""
    places = np.clip(common - exponents, 0, 18)
    kept = np.where(common - exponents > 18, 0, digits // 10**places)  # noqa: PLR2004 - an int64 has no more
    return kept, exponents + places


def _float(digits: Digits, exponents: Digits) -> Numbers:
    """Divided by a power of ten where it is below one: that is exact more often."""
    with np.errstate(over="ignore"):
        result: Numbers = np.where(exponents < 0, digits / _power(-exponents), digits * _power(exponents))
    return result


def _power(exponents: Digits) -> Numbers:
    """Ten to that power."""
    result: Numbers = _POWERS[np.clip(exponents, -323, 308) + 323]
    return result
