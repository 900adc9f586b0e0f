"""For each server of the catalogue two fixtures: the session's server, and a test's own part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.pytest_plugin.making import isolated, service

if TYPE_CHECKING:
    from metricrig.service import Service


@service
def victoriametrics_server() -> Service:
    """The session's VictoriaMetrics."""
    from metricrig.services import VictoriaMetrics  # noqa: PLC0415 - see the package

    return VictoriaMetrics()


@service
def prometheus_server() -> Service:
    """The session's Prometheus. It takes samples of any time in any order, because tests come in any order."""
    from metricrig.services import Prometheus  # noqa: PLC0415 - see the package

    return Prometheus(any_age=True)


@service
def redis_server() -> Service:
    """The session's Redis."""
    from metricrig.services import Redis  # noqa: PLC0415 - see the package

    return Redis()


@service
def postgresql_server() -> Service:
    """The session's PostgreSQL."""
    from metricrig.services import PostgreSQL  # noqa: PLC0415 - see the package

    return PostgreSQL()


def _memcached_server() -> Service:
    """The session's Memcached: one a worker, because it has no namespaces and is flushed for each test."""
    from metricrig.services import Memcached  # noqa: PLC0415 - see the package

    return Memcached()


@service
def etcd_server() -> Service:
    """The session's etcd."""
    from metricrig.services import Etcd  # noqa: PLC0415 - see the package

    return Etcd()


memcached_server = service(_memcached_server, shared=False, name="memcached_server")
victoriametrics = isolated("victoriametrics_server", name="victoriametrics")
prometheus = isolated("prometheus_server", name="prometheus")
redis = isolated("redis_server", name="redis")
postgresql = isolated("postgresql_server", name="postgresql")
memcached = isolated("memcached_server", name="memcached")
etcd = isolated("etcd_server", name="etcd")
