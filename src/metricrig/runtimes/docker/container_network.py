"""The networks of one container: taken from it, and given back as it had them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.errors import APIError

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.runtimes.docker.engine.connection import ContainerEngine

_OWN_LOOPBACK = "lo"
_GONE = {404, 409}
"""What an engine answers of a container or a network that is not there any more."""


class ContainerNetwork:
    """``connected`` is the engine's word; ``interfaces`` is what the container itself sees."""

    def __init__(self, engine: ContainerEngine, container: str, pid: Callable[[], int]) -> None:
        self._engine = engine
        self._pid = pid
        self._container = container
        self._taken: dict[str, list[str]] = {}
        """The networks that we have taken from it, with the names that it had there."""

    @property
    def private(self) -> bool:
        """Whether it has networks of its own, and not this machine's."""
        mode = self._facts()["HostConfig"]["NetworkMode"]
        return mode not in {"host", "none"} and not mode.startswith("container:")

    @property
    def connected(self) -> bool:
        """Whether it is in any."""
        return bool(self._facts()["NetworkSettings"]["Networks"])

    @property
    def interfaces(self) -> set[str]:
        """Those that it has, besides its own loopback; none if it is gone. Its engine is one of this machine."""
        try:
            lines = Path(f"/proc/{self._pid()}/net/dev").read_text("ascii").splitlines()[2:]
        except OSError:
            return set()
        return {line.partition(":")[0].strip() for line in lines} - {_OWN_LOOPBACK}

    def disconnect(self) -> None:
        """Take it out of all."""
        for name, facts in dict(self._facts()["NetworkSettings"]["Networks"]).items():
            self._taken[name] = list(facts.get("Aliases") or ())
            self._engine.client.disconnect_container_from_network(self._container, name, force=True)

    def connect(self) -> None:
        """Put it into those that it was taken out of, under its names there; fine if it is gone."""
        while self._taken:
            name, aliases = next(iter(self._taken.items()))
            try:
                self._engine.client.connect_container_to_network(self._container, name, aliases=aliases)
            except APIError as error:
                if error.status_code not in _GONE:
                    raise
            del self._taken[name]

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = self._engine.client.inspect_container(self._container)
        return facts
