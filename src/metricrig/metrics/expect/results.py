"""Expectations as results: equal to an answer that differs by no more than the engine's arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig.metrics.results import Matrix, Result, Sample, Series, Vector
from metricrig.metrics.results.equality import equal
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.metrics.expect.query import Answer, Query
    from metricrig.metrics.results import Approximate

    Rows = Sequence[tuple[Mapping[str, str], Answer]]

RELATIVE = 1e-9
"""Engines add in orders of their own."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExpectedMatrix(Matrix):
    """What a range query should answer. ``tolerance`` is what the engine's storage may lose, absolutely."""

    tolerance: float = 0.0

    def __eq__(self, other: object) -> bool:
        return equal(self, other, RELATIVE, self.tolerance)

    def plain(self) -> Matrix:
        """The same without the tolerance."""
        return Matrix(self.series, self.steps)

    def expectation(self) -> Approximate:
        """This, with room for the engine's arithmetic."""
        return self.plain().approx(RELATIVE, self.tolerance)

    def difference(self, expected: object) -> str:
        """Where this and an answer differ; ``expected`` is the answer here."""
        return self.plain().difference(_tolerated(expected, self.tolerance))

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExpectedVector(Vector):
    """What an instant query should answer."""

    tolerance: float = 0.0

    def __eq__(self, other: object) -> bool:
        return equal(self, other, RELATIVE, self.tolerance)

    def plain(self) -> Vector:
        """The same without the tolerance."""
        return Vector(self.samples)

    def expectation(self) -> Approximate:
        """This, with room for the engine's arithmetic."""
        return self.plain().approx(RELATIVE, self.tolerance)

    def difference(self, expected: object) -> str:
        """Where this and an answer differ; ``expected`` is the answer here."""
        return self.plain().difference(_tolerated(expected, self.tolerance))

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]


Expected = ExpectedMatrix | ExpectedVector


def matrix(rows: Rows, query: Query, tolerance: float) -> ExpectedMatrix:
    """A series for each row that has a value anywhere."""
    seconds = query.points / 1000
    series = [
        Series(dict(labels), tuple(seconds[there].tolist()), tuple(values[there].tolist()))
        for labels, (values, there) in rows
        if there.any()
    ]
    return ExpectedMatrix(tuple(series), tuple(seconds.tolist()), tolerance)


def vector(rows: Rows, query: Query, tolerance: float) -> ExpectedVector:
    """A sample for each row that has a value."""
    time = float(query.points[0] / 1000)
    found = [Sample(dict(labels), time, float(values[0])) for labels, (values, there) in rows if there[0]]
    return ExpectedVector(tuple(found), tolerance)


def lost(largest: float, *, is_prometheus: bool) -> float:
    """What may be lost of differences of numbers so large: VictoriaMetrics keeps twelve digits of a float."""
    return largest * (1e-14 if is_prometheus else 4e-12) if np.isfinite(largest) else 0.0


def _tolerated(other: object, tolerance: float) -> object:
    return other.plain().approx(RELATIVE, tolerance) if isinstance(other, Result) else other
