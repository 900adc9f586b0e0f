"""Stores of series: what was written is visible when the call returns."""

from metricrig.metrics.store.errors import SamplesLost, Unkeepable
from metricrig.metrics.store.interface import Ingested, Store
from metricrig.metrics.store.prometheus import PrometheusStore
from metricrig.metrics.store.victoriametrics import VictoriaMetricsStore

__all__ = ["Ingested", "PrometheusStore", "SamplesLost", "Store", "Unkeepable", "VictoriaMetricsStore"]
