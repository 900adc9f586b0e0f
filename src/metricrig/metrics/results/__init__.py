"""What queries answer, and what tests expect: series, samples and numbers that compare with plain Python."""

from metricrig.metrics.results.bounded import Bounded, bounded
from metricrig.metrics.results.data import Matrix, Result, Sample, Scalar, Series, String, Vector
from metricrig.metrics.results.equality import Approximate
from metricrig.metrics.results.product import Product
from metricrig.metrics.results.values import Values

__all__ = [
    "Approximate",
    "Bounded",
    "Matrix",
    "Product",
    "Result",
    "Sample",
    "Scalar",
    "Series",
    "String",
    "Values",
    "Vector",
    "bounded",
]
