"""A Redis that a test may kill, pause or fill: its own, also where ``--redis-url`` names somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from exporter_suite import InRedis

from metricrig.services import Redis

if TYPE_CHECKING:
    from metricrig import Rig
    from metricrig.services import RedisInstance

Room = Callable[..., InRedis]


@pytest.fixture
def own_redis(rig: Rig) -> RedisInstance:
    """A Redis in the test's rig, which does not run yet. It wants a password."""
    return rig.add(Redis(password=True))


@pytest.fixture
def room(own_redis: RedisInstance) -> Room:
    """A function that makes room in it: ``room()``, or ``room(db=1, ttl=None)``."""

    def make(**changes: Any) -> InRedis:
        usual = {"host": own_redis.host, "port": own_redis.port, "db": 0, "password": own_redis.secret}
        return InRedis(**{**usual, "prefix": "suite", **changes})

    return make
