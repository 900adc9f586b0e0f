"""Isolated handles: a test's own part of a server that it shares with others."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from metricrig.instance import Instance

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.placement import Addresses

I_co = TypeVar("I_co", bound=Instance, covariant=True)


class Handle(Generic[I_co]):
    """What ``isolated()`` returns: empty when it is handed out, and given back by ``close`` or the end of a block."""

    def __init__(self, server: I_co, name: str, give_back: Callable[[], object]) -> None:
        self.server = server
        self.name = name
        self._give_back = give_back
        self._open = True
        self._closing = threading.Lock()

    @property
    def outside(self) -> Addresses:
        """How the test reaches it."""
        return self._own(self.server.outside)

    @property
    def inside(self) -> Addresses:
        """How other services of the rig reach it."""
        return self._own(self.server.inside)

    @property
    def url(self) -> str:
        """Its URL, for the test."""
        return self.outside.url

    @property
    def host(self) -> str:
        """The server's host, for the test."""
        return self.server.host

    @property
    def port(self) -> int:
        """The server's port, for the test."""
        return self.server.port

    def close(self) -> None:
        """Give it back. Closing twice is fine."""
        with self._closing:
            was_open, self._open = self._open, False
        if was_open:
            self._give_back()

    def own_url(self, url: str) -> str:
        """The server's URL as this handle's; the same, unless a URL can say more."""
        return url

    def _own(self, addresses: Addresses) -> Addresses:
        return replace(addresses, url=self.own_url(addresses.url))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "open" if self._open else "closed"
        return f"<{type(self).__name__} {self.name} of {self.server.name} {state} {self.server.address()}>"
