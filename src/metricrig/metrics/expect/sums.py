"""Sums and averages over series, and what the order in which an engine adds may change of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.expect import rounding
from metricrig.metrics.expect.query import ExpectedValues
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.query import Mask, Numbers

# A power of two, so that dividing by it loses nothing: as many of the largest floats can be added.
_SHRUNK = 2.0**-20


@np.errstate(over="ignore", invalid="ignore")
def total(answers: Sequence[ExpectedValues], engine: Engine) -> ExpectedValues:
    """The sum of those that are there."""
    values, there = _stacked(answers)
    result = _added(values)
    if _overflows(values, result).any():
        raise UsageError(
            "a sum that overflows, or not, is up to the order in which the engine adds: use smaller values"
        )
    count, magnitude = there.sum(axis=0).astype(np.float64), np.abs(values).sum(axis=0)
    off = rounding.added(result, magnitude, count, whole=_whole(answers, values), compensated=engine.compensates_sum)
    # VictoriaMetrics leaves out what is no number.
    return _with(answers, result, _anywhere(there) & (engine.is_prometheus | ~np.isnan(result)), off)


@np.errstate(over="ignore", invalid="ignore")
def average(answers: Sequence[ExpectedValues], engine: Engine) -> ExpectedValues:
    """Their mean. Prometheus never overflows: it goes over to a running mean before."""
    values, there = _stacked(answers)
    count = np.maximum(there.sum(axis=0), 1).astype(np.float64)
    if not engine.is_prometheus:
        summed = total(answers, engine)
        return ExpectedValues(summed.values / count, summed.there, summed.below / count, summed.above / count)
    result = _added(values) / count
    huge = _overflows(values, result * count) | (np.isinf(result) & np.isfinite(values).all(axis=0))
    result = np.where(huge, _added(values * _SHRUNK) / count / _SHRUNK, result)
    largest = np.abs(values).max(axis=0)
    if engine.compensates_average:
        off = np.where(huge, _running(largest, count), rounding.added(result, largest, count, compensated=True))
    else:
        off = _running(largest, count)
    averaged = _with(answers, result, _anywhere(there), np.zeros(len(count)))
    return ExpectedValues(averaged.values, averaged.there, averaged.below / count + off, averaged.above / count + off)


def _running(largest: Numbers, count: Numbers) -> Numbers:
    """What a mean is off that is corrected by each value: x/n, m/n, their difference, and the corrected mean."""
    return rounding.finite(np.where(count > 1, (count / 2 + 4) * rounding.UNIT * largest, 0.0))


def _anywhere(there: Mask) -> Mask:
    found: Mask = np.any(there, axis=0)
    return found


def _stacked(answers: Sequence[ExpectedValues]) -> tuple[Numbers, Mask]:
    there = np.stack([answer.there for answer in answers])
    return np.where(there, np.stack([answer.values for answer in answers]), 0.0), there


def _added(values: Numbers) -> Numbers:
    """Compensated as by Neumaier: nearer to the truth than any engine."""
    result, rest = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for row in values:
        added = result + row
        larger, smaller = np.where(np.abs(result) >= np.abs(row), (result, row), (row, result))
        rest += np.where(np.isfinite(added), (larger - added) + smaller, 0.0)
        result = added
    return np.where(np.isfinite(result), result + rest, result)


def _overflows(values: Numbers, result: Numbers) -> Mask:
    """Where finite numbers add up to something finite, but some of them in some order do not."""
    magnitude = np.abs(values).sum(axis=0)
    one_sign = (values >= 0).all(axis=0) | (values <= 0).all(axis=0)
    found: Mask = np.isinf(magnitude) & np.isfinite(values).all(axis=0) & ~(one_sign & np.isinf(result))
    return found


def _whole(answers: Sequence[ExpectedValues], values: Numbers) -> Mask:
    """Where all are whole numbers, and certainly these."""
    certain = np.stack([(answer.below == 0) & (answer.above == 0) | ~answer.there for answer in answers])
    found: Mask = (rounding.whole(values) & certain).all(axis=0)
    return found


def _with(answers: Sequence[ExpectedValues], values: Numbers, there: Mask, error: Numbers) -> ExpectedValues:
    """A sum with the room of all of them, and some more."""
    below = np.stack([np.where(answer.there, answer.below, 0.0) for answer in answers]).sum(axis=0)
    above = np.stack([np.where(answer.there, answer.above, 0.0) for answer in answers]).sum(axis=0)
    return ExpectedValues(values, there, below, above).wider(error)
