"""Two runs compared: ratios with an interval, found by resampling. Two numbers alone would not say what is chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable, UsageError
from metricrig.load.ratio import RESAMPLES, Ratio, interval

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from metricrig.load.calls import Calls

_BLOCKS = 50
"""Parts in time that are drawn as a whole: calls that follow one another share a stall, and are no independent news."""
_FEWEST = 100
"""Calls of each run, with fewer of which a percentile is one call's luck."""


class LoadComparison:
    """A run against a baseline: 1.2 is a fifth more.

    ``assert now.against(before).p99.low < 1.1`` fails if it is proven that it is a tenth more.
    """

    def __init__(self, run: TimedCalls, baseline: TimedCalls) -> None:
        numpy = numbers()
        chance = numpy.random.default_rng(0)  # the same two runs always compare alike
        self._pair = (_Blocks(run), _Blocks(baseline))
        self._weights = [chance.multinomial(_BLOCKS, [1 / _BLOCKS] * _BLOCKS, RESAMPLES) for _ in self._pair]

    @property
    def p50(self) -> Ratio:
        """Of the medians."""
        return self.percentile(50)

    @property
    def p90(self) -> Ratio:
        """Of the latencies that one call in ten exceeded."""
        return self.percentile(90)

    @property
    def p99(self) -> Ratio:
        """Of the latencies that one call in a hundred exceeded."""
        return self.percentile(99)

    @property
    def p999(self) -> Ratio:
        """Of the latencies that one call in a thousand exceeded."""
        return self.percentile(99.9)

    def percentile(self, percent: float) -> Ratio:
        """Of the latencies that so many percent of the calls did not exceed."""
        return self._ratio(lambda blocks, weights: blocks.percentile(percent / 100, weights))

    @property
    def mean(self) -> Ratio:
        """Of the averages."""
        return self._ratio(lambda blocks, weights: blocks.mean(weights))

    @property
    def throughput(self) -> Ratio:
        """Of the calls a second that did not fail."""
        return self._ratio(lambda blocks, weights: blocks.throughput(weights))

    def _ratio(self, figure: Any) -> Ratio:
        numpy = numbers()
        measured = [figure(blocks, numpy.ones(_BLOCKS, int)) for blocks in self._pair]
        drawn = [
            numpy.array([figure(blocks, each) for each in weights])
            for blocks, weights in zip(self._pair, self._weights, strict=True)
        ]
        return Ratio(measured[0] / measured[1], *interval((drawn[0] / drawn[1]).tolist()))

    def __str__(self) -> str:
        return f"{self.p50} times the p50, {self.p99} times the p99, {self.throughput} times the throughput"

    def __repr__(self) -> str:
        return f"<LoadComparison {self}>"


@dataclass(frozen=True, slots=True)
class TimedCalls:
    """Calls, and the time in which they were due."""

    calls: Calls
    began: float
    seconds: float


class _Blocks:
    """The calls of a run in equal parts of its time; weights say how often each part was drawn."""

    def __init__(self, timed: TimedCalls) -> None:
        if len(timed.calls) < _FEWEST:
            raise UsageError(
                f"run.against: a run has {len(timed.calls)} calls\n  what works: runs of {_FEWEST} or more: with fewer,"
                " what differs is one call's luck"
            )
        numpy = numbers()
        due = numpy.array(timed.calls.due)
        waits = numpy.array(timed.calls.ended) - due
        block = numpy.clip(((due - timed.began) / timed.seconds * _BLOCKS).astype(int), 0, _BLOCKS - 1)
        good = numpy.array(timed.calls.outcome) == 0
        order = numpy.argsort(waits)
        self._waits, self._block = waits[order], block[order]
        self._sums = numpy.bincount(block, waits, _BLOCKS)
        self._counts = numpy.bincount(block, minlength=_BLOCKS)
        self._good = numpy.bincount(block[good], minlength=_BLOCKS)
        self._seconds = timed.seconds

    def percentile(self, share: float, weights: Any) -> float:
        counted = numbers().cumsum(weights[self._block])
        return float(self._waits[min(counted.searchsorted(share * counted[-1]), len(self._waits) - 1)])

    def mean(self, weights: Any) -> float:
        return float(weights @ self._sums / (weights @ self._counts))

    def throughput(self, weights: Any) -> float:
        return float(weights @ self._good / self._seconds)


def numbers() -> ModuleType:
    """Numpy, for those who compare."""
    try:
        import numpy as np  # noqa: PLC0415 - 100 ms, and most runs are not compared
    except ImportError:
        raise Unavailable(
            "comparing runs", reason="the package numpy is not installed", remedy="pip install 'metricrig[load]'"
        ) from None
    return np
