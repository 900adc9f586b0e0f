"""Locust: a master and its workers, whose users are written as people write them for it."""

from metricrig.services.locust.instance import LocustInstance
from metricrig.services.locust.server import Locust

__all__ = ["Locust", "LocustInstance"]
