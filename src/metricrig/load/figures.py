"""The figures of some calls: percentiles, throughput, errors. Without the question whether they can be relied on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from metricrig._core.amounts import in_time
from metricrig.load.calls import GOOD
from metricrig.load.latencies import Latencies

if TYPE_CHECKING:
    from metricrig.load.calls import Calls
    from metricrig.load.error_kinds import ErrorKinds, Errors


class LoadFigures(ABC):
    """Latencies are seconds, from when a call was due; failed calls are among them, after as long as they took."""

    _latencies: Latencies | None = None

    @property
    @abstractmethod
    def seconds(self) -> float:
        """How long it went on."""

    @property
    @abstractmethod
    def _counted(self) -> Calls:
        """The calls, for whoever relies on them."""

    @property
    @abstractmethod
    def _error_kinds(self) -> ErrorKinds:
        """What their outcomes mean."""

    @property
    def latencies(self) -> Latencies:
        """All of them; ``latencies.histogram`` is HdrHistogram's own."""
        calls = self._counted
        if self._latencies is None:
            self._latencies = Latencies(calls.waits)
        return self._latencies

    @property
    def calls(self) -> int:
        """How many there were, those that failed included."""
        return len(self._counted)

    @property
    def failed(self) -> int:
        """How many of them."""
        return sum(each != GOOD for each in self._counted.outcome)

    @property
    def errors(self) -> Errors:
        """How many failed, by kind; ``errors == 0`` is all of them."""
        return self._error_kinds.counted(self._counted)

    @property
    def throughput(self) -> float:
        """Calls a second that did not fail."""
        return (self.calls - self.failed) / self.seconds if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        """The latency that so many percent of the calls did not exceed."""
        return self.latencies.percentile(percent)

    @property
    def p50(self) -> float:
        """The median."""
        return self.percentile(50)

    @property
    def p90(self) -> float:
        """One call in ten took longer."""
        return self.percentile(90)

    @property
    def p99(self) -> float:
        """One call in a hundred took longer."""
        return self.percentile(99)

    @property
    def p999(self) -> float:
        """One call in a thousand took longer."""
        return self.percentile(99.9)

    @property
    def max(self) -> float:
        """The longest."""
        return self.latencies.longest

    @property
    def mean(self) -> float:
        """The average, which hides what the percentiles show."""
        return self.latencies.mean

    def __str__(self) -> str:
        if not self.calls:
            return "no calls"
        return (
            f"{self.calls} calls in {in_time(self.seconds)} ({self.throughput:.4g}/s), {self.errors},"
            f" p50 {in_time(self.p50)}, p99 {in_time(self.p99)}, max {in_time(self.max)}"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class MeasuredFigures(LoadFigures):
    """The figures of some calls, whatever they are worth."""

    def __init__(self, calls: Calls, kinds: ErrorKinds, seconds: float) -> None:
        self._of, self._kinds, self._seconds = calls, kinds, seconds

    @property
    def seconds(self) -> float:
        """How long it went on."""
        return self._seconds

    @property
    def _counted(self) -> Calls:
        return self._of

    @property
    def _error_kinds(self) -> ErrorKinds:
        return self._kinds
