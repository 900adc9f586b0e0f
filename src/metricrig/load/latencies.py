"""Latencies in an HDR histogram: from a nanosecond to an hour, each known to 0.1 %."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

_HIGHEST_NANOSECONDS = 3_600_000_000_000
"""An hour; what took longer is counted as that long."""
_DIGITS = 3
"""Significant ones: a value is known to 0.1 %."""
_PER_SECOND = 1_000_000_000


class Latencies:
    """Seconds that calls took. ``histogram`` is the library's own, to be written to a log or to be drawn."""

    def __init__(self, seconds: Iterable[float] = ()) -> None:
        self.histogram = _histogram()
        self.longest = 0.0
        """Exactly, unlike a percentile."""
        self.add(seconds)

    def add(self, seconds: Iterable[float]) -> None:
        """More of them."""
        record = self.histogram.record_value
        for each in seconds:
            record(min(max(int(each * _PER_SECOND), 0), _HIGHEST_NANOSECONDS))
            self.longest = max(self.longest, each)

    def __len__(self) -> int:
        return int(self.histogram.get_total_count())

    def percentile(self, percent: float) -> float:
        """The latency that so many percent of the calls did not exceed, in seconds."""
        value: float = self.histogram.get_value_at_percentile(percent) / _PER_SECOND
        return min(value, self.longest)  # a bucket's upper end may lie above all that is in it

    @property
    def mean(self) -> float:
        """The average, in seconds."""
        value: float = self.histogram.get_mean_value() / _PER_SECOND
        return value


def _histogram() -> Any:
    try:
        from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    except ImportError:
        raise Unavailable(
            "metricrig.load",
            reason="the package hdrhistogram is not installed",
            remedy="pip install 'metricrig[load]'",
        ) from None
    return HdrHistogram(1, _HIGHEST_NANOSECONDS, _DIGITS)
