"""Where a route listens: open, or shut, when connections are refused although the port stays its own."""

from __future__ import annotations

import errno
import socket
from time import monotonic

from metricrig.relay.server.event_loop import READ

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.relay.server.event_loop import EventLoop

    Address = tuple[str, int]

_BACKLOG = 4096
_AT_ONCE = 64
"""Connections that are accepted before others have their turn."""
_NO_MORE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_BREATH_SECONDS = 0.05
"""Until it is tried again, when there was no descriptor left."""


class Doorway:
    """One address. Its port is bound twice: by what listens, and by what keeps it while nothing does."""

    def __init__(self, address: Address, loop: EventLoop, accepted: Callable[[socket.socket, Address], None]) -> None:
        self._loop, self._accepted = loop, accepted
        self._listener: socket.socket | None = None
        self._keeper = _bound(address)
        self.address: Address = self._keeper.getsockname()
        try:
            self.open()
        except OSError:
            self._keeper.close()
            raise

    def open(self) -> None:
        """Accept connections."""
        if self._listener is None:
            self._listener = _bound(self.address)
            try:
                self._listener.listen(_BACKLOG)
            except OSError:
                self._listener.close()
                self._listener = None
                raise
            self._loop.watch(self._listener.fileno(), READ, self._accept)

    def shut(self) -> None:
        """Refuse them; those that nobody has accepted yet are reset."""
        if self._listener is not None:
            self._loop.forget(self._listener.fileno())
            self._listener.close()
            self._listener = None

    def close(self) -> None:
        """Give up the port."""
        self.shut()
        self._keeper.close()

    def _accept(self, _: int) -> None:
        for _number in range(_AT_ONCE):
            if self._listener is None:
                return
            try:
                connection, source = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_MORE:
                    self._pause()
                    return
                continue  # it was gone before it was accepted
            self._accepted(connection, source)

    def _pause(self) -> None:
        if self._listener is not None:
            self._loop.watch(self._listener.fileno(), 0, self._accept)
            self._loop.at(monotonic() + _BREATH_SECONDS, self._go_on)

    def _go_on(self) -> None:
        if self._listener is not None:
            self._loop.watch(self._listener.fileno(), READ, self._accept)


def _bound(address: Address) -> socket.socket:
    """A socket with this address, which another of ours may have as well."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.settimeout(0)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
