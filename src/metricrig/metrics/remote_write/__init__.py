"""Writing samples to any receiver of Prometheus remote write, encoded by hand."""

from metricrig.metrics.remote_write.single import payload

__all__ = ["payload"]
