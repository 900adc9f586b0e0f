"""Runtimes by name, each imported when it is asked for, and those that one rig uses."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.runtimes import Runtime

PROCESS, DOCKER = "process", "docker"
RUNTIMES = (PROCESS, DOCKER)


class RigRuntimes:
    """The runtime of a rig, and those of services that run elsewhere than the rest."""

    def __init__(self, name: str, *, rig: str, data: str | Path) -> None:
        self.main = new_runtime(name, rig=rig, data=data)
        self._guests: dict[str, Runtime] = {}

    def of(self, wanted: str | None) -> Runtime:
        """The one of this name; the rig's own unless a service has asked for another."""
        if wanted is None or wanted == self.main.name:
            return self.main
        if wanted not in self._guests:
            self._guests[wanted] = new_guest(wanted, self.main)
        return self._guests[wanted]

    def close(self, *, keep: bool) -> None:
        """Leave the guests' networks and engines, then remove what the rig has, or keep its files."""
        for guest in self._guests.values():
            guest.leave()
        self.main.close(keep=keep)


def new_runtime(name: str, *, rig: str, data: str | Path) -> Runtime:
    """The runtime of this name for one rig."""
    if name == PROCESS:
        from metricrig.runtimes.process import ProcessRuntime  # noqa: PLC0415 - see the module

        return ProcessRuntime.for_one(rig=rig, data=data)
    _require_known(name)
    require_client()
    from metricrig.runtimes.docker import DockerRuntime  # noqa: PLC0415 - see the module

    return DockerRuntime.for_one(rig=rig, data=data)


def new_guest(name: str, host: Runtime) -> Runtime:
    """A runtime for services that run elsewhere than the rest of their rig: containers beside processes."""
    _require_known(name)
    if (name, host.name) != (DOCKER, PROCESS):
        raise UsageError(
            f"a service with runtime={name!r} cannot be in a rig of runtime {host.name!r}: a container in a private"
            f" network does not reach what listens on 127.0.0.1 of the machine\n"
            f'  what works: Rig(runtime="process"), and runtime="docker" for the services that need it'
        )
    require_client()
    from metricrig.runtimes.docker import DockerRuntime  # noqa: PLC0415 - see the module

    return DockerRuntime.beside(host)


def require_client() -> None:
    """Refuse containers where the Python package for talking to engines is absent."""
    if find_spec("docker") is None:
        raise Unavailable(
            "the Docker runtime",
            reason="the Python package docker is not installed",
            remedy="pip install 'metricrig[docker]'",
        )


def _require_known(name: str) -> None:
    if name not in RUNTIMES:
        raise UsageError(f"no runtime is called {name!r}; there is: {', '.join(RUNTIMES)}")
