"""Redis: nothing on disk, and gone in milliseconds when stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from metricrig import ready
from metricrig.service import Service
from metricrig.tools import REDIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.services.options import Options


class Redis(Service):
    """A Redis server. ``args`` are added to its command; with ``password`` it asks for its secret."""

    def __init__(
        self, name: str = "redis", *, args: Sequence[str] = (), password: bool = False, **options: Unpack[Options]
    ) -> None:
        # One that wants a password is ready too.
        options.setdefault("ready", ready.reply(b"PING\r\n", b"+PONG", b"-NOAUTH"))
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
