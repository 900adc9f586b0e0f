"""Metrics: read them, wait for them, write them, query them, and know the right answer. Usable without a rig.

The names below are loaded when first used; only synthetic series need numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metricrig.metrics.conditions.matchers import matches, not_, not_matches
    from metricrig.metrics.conditions.selection import metric
    from metricrig.metrics.endpoint import Endpoint, read
    from metricrig.metrics.exposition import Page, Sample
    from metricrig.metrics.live import Metrics
    from metricrig.metrics.promql.client import Promql
    from metricrig.metrics.store import PrometheusStore, VictoriaMetricsStore
    from metricrig.metrics.timeline import Timeline
    from metricrig.metrics.waits.wait import wait_for

_HOMES = {
    "Endpoint": "endpoint",
    "Metrics": "live",
    "Page": "exposition",
    "PrometheusStore": "store",
    "Promql": "promql.client",
    "Sample": "exposition",
    "Timeline": "timeline",
    "VictoriaMetricsStore": "store",
    "matches": "conditions.matchers",
    "metric": "conditions.selection",
    "not_": "conditions.matchers",
    "not_matches": "conditions.matchers",
    "read": "endpoint",
    "wait_for": "waits.wait",
}

__all__ = [
    "Endpoint",
    "Metrics",
    "Page",
    "PrometheusStore",
    "Promql",
    "Sample",
    "Timeline",
    "VictoriaMetricsStore",
    "matches",
    "metric",
    "not_",
    "not_matches",
    "read",
    "wait_for",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
