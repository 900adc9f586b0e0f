"""Services as containers of an engine: Docker's, or Podman's that speaks like it."""

from metricrig.runtimes.docker.runtime import DockerRuntime

__all__ = ["DockerRuntime"]
