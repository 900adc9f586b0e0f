"""A client of any server with the query API of Prometheus."""

from metricrig.metrics.promql.answers import PartialAnswer, QueryFailed
from metricrig.metrics.promql.client import Grid, Promql

__all__ = ["Grid", "PartialAnswer", "Promql", "QueryFailed"]
