"""The catalogue: one file a service. Each is a constructor that fills in a ``Service``; write your own the same way."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metricrig.services.etcd import Etcd
    from metricrig.services.memcached import Memcached
    from metricrig.services.postgresql import PostgreSQL
    from metricrig.services.prometheus import Prometheus
    from metricrig.services.redis import Redis
    from metricrig.services.victoriametrics import VictoriaMetrics

__all__ = ["Etcd", "Memcached", "PostgreSQL", "Prometheus", "Redis", "VictoriaMetrics"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{name.lower()}"), name)
