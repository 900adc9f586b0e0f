"""Memcached."""

from __future__ import annotations

import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from metricrig._core.http import PATIENCE
from metricrig.probes import Answer
from metricrig.service import Service
from metricrig.tools import MEMCACHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.probes import Subject
    from metricrig.services.options import Options


@dataclass(frozen=True, slots=True)
class SaysVersion:
    """Memcached says its version."""

    def __str__(self) -> str:
        return "an answer to version"

    def ask(self, subject: Subject) -> Answer:
        """Ask once."""
        try:
            with socket.create_connection((subject.host, subject.ports.first), PATIENCE) as connection:
                connection.sendall(b"version\r\n")
                said = connection.recv(200).decode(errors="replace").strip()
        except OSError as error:
            return Answer(ready=False, said=f"version: {error.strerror or error}")
        return Answer(said.startswith("VERSION"), f"version: {said!r}")


class Memcached(Service):
    """A Memcached server. ``args`` are added to its command."""

    def __init__(self, name: str = "memcached", *, args: Sequence[str] = (), **options: Unpack[Options]) -> None:
        options.setdefault("ready", SaysVersion())
        super().__init__(
            name=name,
            tool=MEMCACHED,
            command=["{tool}", "-l", "{host}", "-p", "{port}", "-U", "0", *args],
            ports={"memcached": 11211},
            url="memcached://{host}:{port}",
            cwd="{dir}",
            unprivileged=True,  # it refuses to run as root
            # It has nothing to save, and looks at SIGTERM only once a second.
            stop_signal=signal.SIGKILL,
            **options,
        )
