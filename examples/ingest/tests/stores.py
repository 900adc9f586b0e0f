"""The stores that everything is tested with: one list, for processes and for containers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from metricrig import Image
from metricrig.services import (
    PROMETHEUS,
    VICTORIA_METRICS,
    Prometheus,
    PrometheusInstance,
    VictoriaMetrics,
    VictoriaMetricsInstance,
)
from metricrig.tools import obtain

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig import Instance, Service, Tool

Store = PrometheusInstance | VictoriaMetricsInstance
KINDS: dict[str, tuple[Callable[..., Service], Tool]] = {
    "victoria-metrics": (VictoriaMetrics, VICTORIA_METRICS),
    "prometheus": (Prometheus, PROMETHEUS),
}

# An old and a new one of each. INGEST_STORES="prometheus@2.53.0" says otherwise.
MATRIX = "victoria-metrics@1.79.5 victoria-metrics@1.128.0 prometheus@2.42.0 prometheus@3.5.0"
STORES = (os.environ.get("INGEST_STORES") or MATRIX).split()


def store_service(wanted: str) -> Service:
    """A server such as ``prometheus@3.5.0``; what this machine cannot obtain skips the test, with the reasons.

    In a container it is the same program, in an image that is made of it: no registry is needed. Where there is one,
    the official images would do: leave ``image`` out.
    """
    name, _, version = wanted.partition("@")
    kind, tool = KINDS[name]
    assert tool.image is not None
    found = obtain(tool, version)
    files = {tool.image.program: found.path}
    image = Image(f"ingest-tests/{name}:v{found.version}", files=files, version=found.version)
    return kind(version=version, image=image)


def is_prometheus(store: Instance) -> bool:
    """For the little in which they differ."""
    return isinstance(store.service, Prometheus)


if __name__ == "__main__":
    print(*STORES)  # for the Makefile, which obtains them before the tests begin
