"""Metrics: read them, wait for them, write them, query them, and know the right answer. Usable without a rig.

The names below are loaded when first used; only synthetic series need numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metricrig.metrics.conditions.expression import Expression
    from metricrig.metrics.conditions.matchers import matches, not_, not_matches
    from metricrig.metrics.conditions.selection import metric
    from metricrig.metrics.expect import Engine
    from metricrig.metrics.exposition import Page, Sample
    from metricrig.metrics.promql.client import Promql
    from metricrig.metrics.remote_write import assert_label_exists, payload
    from metricrig.metrics.results import Matrix, Series, Vector
    from metricrig.metrics.scraping.endpoint import Endpoint, read
    from metricrig.metrics.server_metrics import Metrics
    from metricrig.metrics.store import Ingested, PrometheusStore, VictoriaMetricsStore
    from metricrig.metrics.timeline import Block, Counter, Gauge, Histogram, Metadata, Summary, Timeline
    from metricrig.metrics.waits.wait import wait_for

_HOMES = {
    "Block": "timeline",
    "Counter": "timeline",
    "Endpoint": "scraping.endpoint",
    "Engine": "expect",
    "Expression": "conditions.expression",
    "Gauge": "timeline",
    "Histogram": "timeline",
    "Ingested": "store",
    "Matrix": "results",
    "Metadata": "timeline",
    "Metrics": "server_metrics",
    "Page": "exposition",
    "PrometheusStore": "store",
    "Promql": "promql.client",
    "Sample": "exposition",
    "Series": "results",
    "Summary": "timeline",
    "Timeline": "timeline",
    "Vector": "results",
    "VictoriaMetricsStore": "store",
    "assert_label_exists": "remote_write",
    "matches": "conditions.matchers",
    "metric": "conditions.selection",
    "not_": "conditions.matchers",
    "not_matches": "conditions.matchers",
    "payload": "remote_write",
    "read": "scraping.endpoint",
    "wait_for": "waits.wait",
}

__all__ = [
    "Block",
    "Counter",
    "Endpoint",
    "Engine",
    "Expression",
    "Gauge",
    "Histogram",
    "Ingested",
    "Matrix",
    "Metadata",
    "Metrics",
    "Page",
    "PrometheusStore",
    "Promql",
    "Sample",
    "Series",
    "Summary",
    "Timeline",
    "Vector",
    "VictoriaMetricsStore",
    "assert_label_exists",
    "matches",
    "metric",
    "not_",
    "not_matches",
    "payload",
    "read",
    "wait_for",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
