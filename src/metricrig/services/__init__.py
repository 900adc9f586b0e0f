"""The catalogue, a file or a folder a service. Each fills in a ``Service`` for you; write your own the same way."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metricrig.services.etcd import Etcd, EtcdNamespace
    from metricrig.services.gunicorn import Gunicorn
    from metricrig.services.memcached import Memcached, MemcachedTurn
    from metricrig.services.postgresql import PostgreSQL
    from metricrig.services.postgresql.database import PostgreSQLDatabase
    from metricrig.services.postgresql.error import PostgreSQLError
    from metricrig.services.prometheus import Prometheus
    from metricrig.services.redis import Redis, RedisDatabase
    from metricrig.services.stores import PrometheusInstance, VictoriaMetricsInstance
    from metricrig.services.victoriametrics import VictoriaMetrics

_HOMES = {
    "Etcd": "etcd",
    "EtcdNamespace": "etcd",
    "Gunicorn": "gunicorn",
    "Memcached": "memcached",
    "MemcachedTurn": "memcached",
    "PostgreSQL": "postgresql",
    "PostgreSQLDatabase": "postgresql.database",
    "PostgreSQLError": "postgresql.error",
    "Prometheus": "prometheus",
    "PrometheusInstance": "stores",
    "Redis": "redis",
    "RedisDatabase": "redis",
    "VictoriaMetrics": "victoriametrics",
    "VictoriaMetricsInstance": "stores",
}

__all__ = [
    "Etcd",
    "EtcdNamespace",
    "Gunicorn",
    "Memcached",
    "MemcachedTurn",
    "PostgreSQL",
    "PostgreSQLDatabase",
    "PostgreSQLError",
    "Prometheus",
    "PrometheusInstance",
    "Redis",
    "RedisDatabase",
    "VictoriaMetrics",
    "VictoriaMetricsInstance",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
