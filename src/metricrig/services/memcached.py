"""Memcached."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Unpack

from metricrig import ready
from metricrig.service import Service
from metricrig.tools import MEMCACHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.services.options import Options


class Memcached(Service):
    """A Memcached server. ``args`` are added to its command."""

    def __init__(self, name: str = "memcached", *, args: Sequence[str] = (), **options: Unpack[Options]) -> None:
        options.setdefault("ready", ready.reply(b"version\r\n", b"VERSION"))
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
