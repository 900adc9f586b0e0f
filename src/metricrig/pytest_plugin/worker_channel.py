"""A channel from the workers of a parallel run to the process that has the terminal, for news of fetches.

xdist's own carries nothing but what it knows. A datagram socket without a name in the file system leaves nothing
behind, and the kernel says who has sent what.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from typing import TYPE_CHECKING

from metricrig.pytest_plugin.fetch_news import News

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 4096
_RECEIVE_TIMEOUT_SECONDS = 0.1
_CREDENTIALS = struct.Struct("3i")
"""Of the sender, from the kernel: its pid, uid and gid."""


class WorkerInbox:
    """Receives the workers' news; only what our own user has sent counts."""

    def __init__(self, show: Callable[[News], None]) -> None:
        self._show = show
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind("")  # Linux chooses a name
        self._thread = threading.Thread(target=self._listen, name="metricrig-news", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """For ``send``; plain enough for xdist to carry."""
        name: bytes = self._socket.getsockname()
        return name.hex()

    def close(self) -> None:
        """Stop receiving."""
        with contextlib.closing(self._socket):
            _send(self.address, b"")
            self._thread.join(_RECEIVE_TIMEOUT_SECONDS * 10)

    def _listen(self) -> None:
        while True:
            body, ancillary, _, _ = self._socket.recvmsg(_MOST, socket.CMSG_SPACE(_CREDENTIALS.size))
            if not _is_ours(ancillary):
                continue
            if not body:
                return
            with contextlib.suppress(ValueError, TypeError):
                self._show(News(*map(str, json.loads(body))))


def send(address: str, news: News) -> None:
    """From a worker. It is for people: if it does not arrive, nothing is lost."""
    _send(address, json.dumps([news.name, news.kind, news.line[: _MOST // 8]]).encode())


def _send(address: str, body: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(OSError):
        sender.settimeout(_RECEIVE_TIMEOUT_SECONDS)
        sender.sendto(body, bytes.fromhex(address))


def _is_ours(ancillary: list[tuple[int, int, bytes]]) -> bool:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            return int(_CREDENTIALS.unpack(data[: _CREDENTIALS.size])[1]) == os.geteuid()
    return False
