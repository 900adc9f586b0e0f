"""Services as plain processes of this machine."""

from metricrig.runtimes.process.runtime import ProcessRuntime

__all__ = ["ProcessRuntime"]
