"""How an engine's ports are reached from our 127.0.0.1."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from metricrig._core.ports import LOOPBACK
from metricrig.runtimes.docker.engine.tcp_relay import TcpRelay

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.runtimes.docker.engine.ssh_tunnel import SshTunnel


class PortRoute(Protocol):
    """From our 127.0.0.1 to the ports of an engine's containers."""

    @property
    def publish_on(self) -> str:
        """The address of the engine's machine that ports are published on."""

    def open(self, local: int, remote: int) -> Callable[[], None]:
        """Have a port of ours lead to one of the engine's; returns what ends that."""


@dataclass(frozen=True, slots=True)
class SameMachine:
    """The engine publishes ports on the very 127.0.0.1 that is ours."""

    publish_on: str = LOOPBACK

    def open(self, local: int, remote: int) -> Callable[[], None]:
        """They are the same."""
        assert local == remote  # noqa: S101 - it is we who have chosen both
        return lambda: None


@dataclass(frozen=True, slots=True)
class SshForwarding:
    """Through the tunnel that leads to the engine."""

    tunnel: SshTunnel
    publish_on: str = LOOPBACK

    def open(self, local: int, remote: int) -> Callable[[], None]:
        """Have ssh do it."""
        self.tunnel.forward(local, remote)

        def close() -> None:
            with contextlib.suppress(OSError):  # the tunnel may have ended before
                self.tunnel.cancel(local, remote)

        return close


@dataclass(frozen=True, slots=True)
class TcpRelaying:
    """By ourselves: the ports are published on the address by which we reach the engine."""

    publish_on: str

    def open(self, local: int, remote: int) -> Callable[[], None]:
        """Listen, and pass on."""
        return TcpRelay(local, (self.publish_on, remote)).close
