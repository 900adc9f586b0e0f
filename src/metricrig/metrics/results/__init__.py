"""What queries answer, and what tests expect: series, samples and numbers that compare with plain Python."""

from metricrig.metrics.results.content import Product
from metricrig.metrics.results.data import Matrix, Result, Scalar, Series, String, Vector, VectorSample
from metricrig.metrics.results.equality import Approximate
from metricrig.metrics.results.values import Bounded, Values, bounded

__all__ = [
    "Approximate",
    "Bounded",
    "Matrix",
    "Product",
    "Result",
    "Scalar",
    "Series",
    "String",
    "Values",
    "Vector",
    "VectorSample",
    "bounded",
]
