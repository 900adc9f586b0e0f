"""What a query engine should answer, computed from the data that was generated, with that engine's semantics."""

from metricrig.metrics.expect.engine import Engine
from metricrig.metrics.expect.expect import Expect
from metricrig.metrics.expect.intervals import Interval, Intervals
from metricrig.metrics.expect.results import ExpectedMatrix, ExpectedVector

__all__ = ["Engine", "Expect", "ExpectedMatrix", "ExpectedVector", "Interval", "Intervals"]
