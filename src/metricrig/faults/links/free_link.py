"""A link to any address, for tests whose servers no rig runs: it has a relay of its own."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from metricrig._core import at_exit
from metricrig._core.arguments import port_number
from metricrig._core.errors import MetricrigError, UsageError
from metricrig.faults.links.link import Link
from metricrig.faults.links.link_addresses import FreeAddresses
from metricrig.lifecycle.active_faults import ActiveFaults
from metricrig.relay.relay_process import RelayProcess
from metricrig.runtimes import data_root
from metricrig.service_fields import check_name

if TYPE_CHECKING:
    from types import TracebackType


class FreeLink(Link):
    """Open until it is closed, or until this process ends, however it does."""

    def __init__(self, url: str, *, name: str) -> None:
        check_name("a link's name", name)
        target = _resolved(url)
        self._rig = f"link-{os.urandom(4).hex()}"
        self._open_in = os.getpid()
        self._directory, self._janitor = data_root.open_directory(self._rig, "auto")
        self._relay: RelayProcess | None = None
        self._closed = False
        at_exit.close_at_exit(self)
        try:
            self._relay = RelayProcess(self._janitor, rig=self._rig, directory=self._directory)
            route = self._relay.open(name, target)
            super().__init__(name, route, FreeAddresses(url, route.listen[0]), ActiveFaults(self._rig))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Heal what is in force, reset its connections, and leave nothing. Closing twice is fine."""
        if self._closed or os.getpid() != self._open_in:
            return
        self._closed = True
        at_exit.closed(self)
        try:
            if hasattr(self, "_active"):
                self._active.heal_all()
        finally:
            if self._relay is not None:
                self._relay.close()
            data_root.close_directory(self._janitor, self._rig, self._directory, keep=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def link_to(address: str, *, name: str = "link") -> FreeLink:
    """A link to ``host:port``, or to the host and port of a URL: ``link.url`` is the same URL through the link."""
    return FreeLink(address, name=name)


def _resolved(address: str) -> tuple[str, int]:
    """The address of a host, and the port."""
    example = 'link_to("127.0.0.1:5432"), or link_to("redis://127.0.0.1:6379/0")'
    if not isinstance(address, str):
        raise UsageError(f"link_to takes a text, not {address!r}\n  what works: {example}")
    try:
        known = urlsplit(address if "//" in address else f"//{address}")
        host, port = known.hostname, known.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise UsageError(f"link_to: {address!r} names no host and port\n  what works: {example}")
    port_number("link_to", "port", port)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise MetricrigError(f"link_to: nobody knows {host!r}: {error.strerror or error}") from error
    return str(found[0][4][0]), port
