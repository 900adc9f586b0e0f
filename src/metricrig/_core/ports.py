"""Free ports that stay free until the server takes them, and who is listening on one.

A reservation is a socket that is bound but does not listen. With SO_REUSEADDR on both sides Linux lets a server
bind and listen on the same port (practically every server sets it), yet never hands the port out: not to
``bind(0)``, not as the source port of a connection. So nobody takes it by accident between choosing and binding,
nor while the server is stopped for a restart, and nobody connects to himself on it.
"""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.frozen_class import frozen
from metricrig._core.listening_sockets import inodes as listening_on

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

LOOPBACK = "127.0.0.1"


class Reservation:
    """A port of this machine that is ours until released."""

    def __init__(self, port: int = 0) -> None:
        self._socket: socket.socket | None = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((LOOPBACK, port))
        except OSError:
            self.release()
            raise
        self.port: int = self._socket.getsockname()[1]

    @property
    def held(self) -> bool:
        """Whether the port is still kept from others."""
        return self._socket is not None

    def release(self) -> None:
        """Give the port back; a second call does nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __repr__(self) -> str:
        return f"<Reservation {self.port} {'held' if self.held else 'released'}>"


@frozen
class Listener:
    """A process that listens on a port; pid 0 if we may not see whose it is."""

    port: int
    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})" if self.pid else "a process of another user"


def foreign_listener(ports: Iterable[int], ours: Collection[int]) -> Listener | None:
    """Somebody who listens on one of the ports and is none of ``ours``; None if there is nobody.

    Where the system does not tell, it answers None.
    """
    listening = listening_on(set(ports))
    if not listening:
        return None
    for pid in ours:
        for inode in _socket_inodes(pid):
            listening.pop(inode, None)
        if not listening:
            return None
    inode, port = next(iter(listening.items()))
    pid = _holder(inode)
    return Listener(port, pid, _name(pid))


def _socket_inodes(pid: int) -> Iterator[int]:
    """The inodes of all sockets that a process has open."""
    with contextlib.suppress(OSError):
        folder = f"/proc/{pid}/fd"
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                target = os.readlink(f"{folder}/{name}")
                if target.startswith("socket:["):
                    yield int(target[8:-1])


def _holder(inode: int) -> int:
    """The process that has this socket open; 0 if none that we may look into."""
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return next((pid for pid in pids if inode in _socket_inodes(pid)), 0)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "?"
