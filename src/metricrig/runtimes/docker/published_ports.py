"""The ports of one container: where the engine publishes them, and how our 127.0.0.1 leads there."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from metricrig._core.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metricrig.runtimes.docker.engine.locality import ReachedEngine

_FIRST_BYTE_TIMEOUT_SECONDS = 0.1
_CONNECT_TIMEOUT_SECONDS = 5.0


class PublishedPorts:
    """``wanted`` has numbers of 127.0.0.1 by those inside."""

    def __init__(self, reached: ReachedEngine, wanted: Mapping[int, int]) -> None:
        self._reached = reached
        self._wanted = wanted
        self._close: list[Callable[[], None]] = []

    @property
    def bindings(self) -> dict[int | str, Any]:
        """What the engine is told. On another machine it chooses the number: what is free there, only it knows."""
        address = self._reached.route.publish_on
        if self._reached.here:
            return {inside: (address, local) for inside, local in self._wanted.items()}
        return dict.fromkeys(self._wanted, (address,))

    def open(self, container: str) -> None:
        """Have ours lead to those of a container that has been started."""
        if self._reached.here or not self._wanted:
            return
        facts: dict[str, Any] = self._reached.engine.client.inspect_container(container)
        for inside, local in self._wanted.items():
            published = facts["NetworkSettings"]["Ports"].get(f"{inside}/tcp")
            if published:  # not of one that has ended since
                self._close.append(self._reached.route.open(local, int(published[0]["HostPort"])))

    def close(self) -> None:
        """Have them lead nowhere."""
        while self._close:
            self._close.pop()()

    def answered(self, inside: int) -> bool:
        """Whether there is somebody behind.

        Whatever passes a connection on accepts it first, and hangs up at once if nobody takes it in there.
        """
        timeout = _FIRST_BYTE_TIMEOUT_SECONDS + 4 * self._reached.engine.answers_in
        try:
            with socket.create_connection((LOOPBACK, self._wanted[inside]), _CONNECT_TIMEOUT_SECONDS) as connection:
                connection.settimeout(timeout)
                return bool(connection.recv(1, socket.MSG_PEEK))
        except TimeoutError:
            return True
        except OSError:
            return False
