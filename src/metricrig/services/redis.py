"""Redis: nothing on disk, and gone in milliseconds when stopped."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from metricrig._core.http import PATIENCE
from metricrig.probes import Answer
from metricrig.service import Service
from metricrig.tools import REDIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.probes import Subject
    from metricrig.services.options import Options


@dataclass(frozen=True, slots=True)
class Pong:
    """Redis answers a PING; one that wants a password answers too, but with an error."""

    def __str__(self) -> str:
        return "an answer to PING"

    def ask(self, subject: Subject) -> Answer:
        """One PING."""
        try:
            with socket.create_connection((subject.host, subject.ports.first), PATIENCE) as connection:
                connection.sendall(b"PING\r\n")
                said = connection.recv(200).decode(errors="replace").strip()
        except OSError as error:
            return Answer(ready=False, said=f"PING {subject.host}:{subject.ports.first}: {error.strerror or error}")
        return Answer(said.startswith(("+PONG", "-NOAUTH")), f"PING: {said!r}")


class Redis(Service):
    """A Redis server. ``args`` are added to its command; with ``password`` it asks for its secret."""

    def __init__(
        self, name: str = "redis", *, args: Sequence[str] = (), password: bool = False, **options: Unpack[Options]
    ) -> None:
        options.setdefault("ready", Pong())
        # A file, because a command line can be read by everybody on the machine.
        if password:
            options["files"] = {"redis.conf": "requirepass {secret}\n", **options.get("files", {})}
        super().__init__(
            name=name,
            tool=REDIS,
            command=[
                "{tool}",
                *(["{dir}/redis.conf"] if password else []),
                *("--bind", "{host}", "--port", "{port}", "--dir", "{dir}"),
                *("--save", "", "--appendonly", "no", "--daemonize", "no"),
                # SIGTERM is noticed in the server's cron: at 500 Hz it is gone in 3 ms, at the usual 10 Hz in 100.
                *("--hz", "500"),
                *args,
            ],
            ports={"redis": 6379},
            url="redis://:{secret}@{host}:{port}/0" if password else "redis://{host}:{port}/0",
            cwd="{dir}",
            **options,
        )
