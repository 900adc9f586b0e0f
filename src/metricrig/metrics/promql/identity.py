"""Which product answers at a URL: what a query means differs between them, and none says it with its answers.

Their own metrics do: ``/api/v1/status/buildinfo`` of a VictoriaMetrics says that it is a Prometheus 2.24.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from metricrig._core.errors import MetricrigError
from metricrig.metrics.results.content import PROMETHEUS, VICTORIA_METRICS, Product

if TYPE_CHECKING:
    from metricrig.metrics.http.client import Server

_VICTORIA_METRICS = re.compile(r'^vm_app_version\{[^}]*\bshort_version="v?([^"]*)"', re.MULTILINE)
_PROMETHEUS = re.compile(r'^prometheus_build_info\{[^}]*\bversion="([^"]*)"', re.MULTILINE)

_known: WeakKeyDictionary[Server, tuple[int, Product | None]] = WeakKeyDictionary()


def product(server: Server, within: float) -> Product | None:
    """None if it does not say. Asked again when there are new connections: another version may run there by then."""
    connected, found = _known.get(server, (-1, None))
    if connected != server.connected:
        found = _asked(server, within)
        _known[server] = server.connected, found
    return found


def read(page: str) -> Product | None:
    """The product whose metrics these are."""
    if version := _VICTORIA_METRICS.search(page):
        return Product(VICTORIA_METRICS, version[1] or None)  # Debian's says nothing
    if version := _PROMETHEUS.search(page):
        return Product(PROMETHEUS, version[1] or None)
    return None


def _asked(server: Server, within: float) -> Product | None:
    try:
        answer = server.get("/metrics", within=within)
    except MetricrigError:
        return None  # a proxy in between may know nothing but queries
    return read(answer.text) if answer.ok else None
