"""A rig's private network: its services find each other there by name, and nobody else is in it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from docker.errors import APIError

from metricrig._core.errors import Unavailable
from metricrig.runtimes.docker.engine.errors import engine_message

if TYPE_CHECKING:
    from metricrig.runtimes.docker.engine.connection import ContainerEngine


class Network:
    """Made when the first service is placed, on a thread, because the engine takes a tenth of a second for it."""

    def __init__(self, engine: ContainerEngine, name: str, labels: dict[str, str]) -> None:
        self._engine = engine
        self._name = name
        self._labels = labels
        self._making: threading.Thread | None = None
        self._failure: Exception | None = None

    def begin(self) -> None:
        """Have it made, unless it is."""
        if self._making is None:
            self._making = threading.Thread(target=self._make, name="metricrig-network", daemon=True)
            self._making.start()

    def name(self) -> str:
        """Its name, once it is there."""
        self.begin()
        assert self._making is not None  # noqa: S101 - begun above
        self._making.join()
        if self._failure is not None:
            raise self._failure
        return self._name

    def gateway(self, *, here: bool) -> str:
        """This machine's own address in it, where links listen."""
        if not here or self._engine.rootless:
            raise Unavailable(
                "links to containers",
                reason=f"a link listens on this machine's end of their network, and the engine's is not ours:"
                f" {self._engine}",
                remedy="use an engine of this very machine that root runs, or processes: Rig() without runtime=",
            )
        config = self._engine.client.inspect_network(self.name())["IPAM"]["Config"]
        return next(str(each["Gateway"]) for each in config if "." in each.get("Gateway", ""))

    def settle(self) -> None:
        """Return when nothing is being made any more."""
        if self._making is not None:
            self._making.join()

    def _make(self) -> None:
        try:
            self._engine.client.create_network(self._name, driver="bridge", labels=self._labels)
        except APIError as error:
            self._failure = Unavailable(
                "a private network",
                reason=f"the engine makes none: {engine_message(error)}",
                remedy="remove networks that nobody uses (docker network prune), or give the engine more addresses"
                ' ("default-address-pools" in its configuration)',
            )
        except Exception as error:  # noqa: BLE001 - raised to whoever needs the network
            self._failure = error
