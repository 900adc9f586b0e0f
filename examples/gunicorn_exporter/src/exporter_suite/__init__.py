"""gunicorn-prometheus-exporter as a service of a rig, and what its tests have in common."""

from exporter_suite.service import Exporter, ExporterInstance
from exporter_suite.storage import Files, InRedis, Storage
from exporter_suite.traffic import ask, asking, crowd, visit

__all__ = ["Exporter", "ExporterInstance", "Files", "InRedis", "Storage", "ask", "asking", "crowd", "visit"]
