"""Asking any server with the query API of Prometheus."""

from metricrig.metrics.promql.client import Grid, Promql
from metricrig.metrics.promql.errors import PartialAnswer, QueryFailed

__all__ = ["Grid", "PartialAnswer", "Promql", "QueryFailed"]
