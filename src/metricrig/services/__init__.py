"""The catalogue, a file or a folder a service. Each fills in a ``Service`` for you; write your own the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig.services.entry import CatalogueEntry


def __getattr__(name: str) -> Any:
    """Services are imported when they are first named."""
    for entry in CATALOGUE:
        if name in entry.names:
            return entry.load(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# What follows is written by ``make catalogue``, from the files beside this one.
if TYPE_CHECKING:
    from metricrig.services.etcd import ETCD, Etcd, EtcdInstance, EtcdNamespace
    from metricrig.services.gunicorn import Gunicorn, GunicornInstance, Master, at_work
    from metricrig.services.locust import Locust, LocustInstance
    from metricrig.services.memcached import MEMCACHED, Memcached, MemcachedInstance, MemcachedTurn
    from metricrig.services.nats import NATS, NATS_SERVER, NATSInstance, NATSSubjects
    from metricrig.services.postgresql import (
        POSTGRESQL,
        PostgreSQL,
        PostgreSQLDatabase,
        PostgreSQLError,
        PostgreSQLInstance,
    )
    from metricrig.services.prometheus import PROMETHEUS, Prometheus, PrometheusInstance
    from metricrig.services.redis import REDIS, Redis, RedisDatabase, RedisInstance
    from metricrig.services.victoriametrics import VICTORIA_METRICS, VictoriaMetrics, VictoriaMetricsInstance

CATALOGUE = (
    CatalogueEntry(
        module="etcd",
        service="Etcd",
        names=("ETCD", "Etcd", "EtcdInstance", "EtcdNamespace"),
        tool="etcd",
        tool_constant="ETCD",
        fixture=True,
        shared=True,
    ),
    CatalogueEntry(
        module="gunicorn",
        service="Gunicorn",
        names=("Gunicorn", "GunicornInstance", "Master", "at_work"),
        tool="",
        tool_constant="",
        fixture=False,
        shared=True,
    ),
    CatalogueEntry(
        module="locust",
        service="Locust",
        names=("Locust", "LocustInstance"),
        tool="",
        tool_constant="",
        fixture=False,
        shared=True,
    ),
    CatalogueEntry(
        module="memcached",
        service="Memcached",
        names=("MEMCACHED", "Memcached", "MemcachedInstance", "MemcachedTurn"),
        tool="memcached",
        tool_constant="MEMCACHED",
        fixture=True,
        shared=False,
    ),
    CatalogueEntry(
        module="nats",
        service="NATS",
        names=("NATS", "NATSInstance", "NATSSubjects", "NATS_SERVER"),
        tool="nats-server",
        tool_constant="NATS_SERVER",
        fixture=True,
        shared=True,
    ),
    CatalogueEntry(
        module="postgresql",
        service="PostgreSQL",
        names=("POSTGRESQL", "PostgreSQL", "PostgreSQLDatabase", "PostgreSQLError", "PostgreSQLInstance"),
        tool="postgresql",
        tool_constant="POSTGRESQL",
        fixture=True,
        shared=True,
    ),
    CatalogueEntry(
        module="prometheus",
        service="Prometheus",
        names=("PROMETHEUS", "Prometheus", "PrometheusInstance"),
        tool="prometheus",
        tool_constant="PROMETHEUS",
        fixture=True,
        shared=True,
    ),
    CatalogueEntry(
        module="redis",
        service="Redis",
        names=("REDIS", "Redis", "RedisDatabase", "RedisInstance"),
        tool="redis",
        tool_constant="REDIS",
        fixture=True,
        shared=True,
    ),
    CatalogueEntry(
        module="victoriametrics",
        service="VictoriaMetrics",
        names=("VICTORIA_METRICS", "VictoriaMetrics", "VictoriaMetricsInstance"),
        tool="victoria-metrics",
        tool_constant="VICTORIA_METRICS",
        fixture=True,
        shared=True,
    ),
)

__all__ = [
    "CATALOGUE",
    "ETCD",
    "MEMCACHED",
    "NATS",
    "NATS_SERVER",
    "POSTGRESQL",
    "PROMETHEUS",
    "REDIS",
    "VICTORIA_METRICS",
    "Etcd",
    "EtcdInstance",
    "EtcdNamespace",
    "Gunicorn",
    "GunicornInstance",
    "Locust",
    "LocustInstance",
    "Master",
    "Memcached",
    "MemcachedInstance",
    "MemcachedTurn",
    "NATSInstance",
    "NATSSubjects",
    "PostgreSQL",
    "PostgreSQLDatabase",
    "PostgreSQLError",
    "PostgreSQLInstance",
    "Prometheus",
    "PrometheusInstance",
    "Redis",
    "RedisDatabase",
    "RedisInstance",
    "VictoriaMetrics",
    "VictoriaMetricsInstance",
    "at_work",
]
