"""Gunicorn: a WSGI or ASGI application behind real workers, whose processes a test can see and signal."""

from metricrig.services.gunicorn.instance import GunicornInstance, at_work
from metricrig.services.gunicorn.master import Master
from metricrig.services.gunicorn.server import Gunicorn

__all__ = ["Gunicorn", "GunicornInstance", "Master", "at_work"]
