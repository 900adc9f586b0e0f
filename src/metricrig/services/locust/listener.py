"""Runs inside of each worker of a Locust: writes down each request, and how late the worker itself is.

It is copied beside the locustfile and needs nothing but Locust: the Python that has that need not have us.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

PULSE_SECONDS = 0.01
"""How often the worker looks how late it wakes."""


class RequestLog:
    """A file of this worker, a line of JSON for each thing that happens."""

    def __init__(self) -> None:
        self._file = Path(f"requests-{os.getpid()}.log").open("w", encoding="utf-8")  # noqa: SIM115 - until it ends

    def request(self, name: str, response_time: float, exception: Exception | None, **_: Any) -> None:
        """As Locust tells of a request that has ended."""
        error = f"{type(exception).__name__}: {exception}" if exception else ""
        self._write("request", response_time / 1000, name, error)

    def started(self, **_: Any) -> None:
        """As Locust tells of users that begin."""
        self._write("started", time.process_time())

    def stopped(self, **_: Any) -> None:
        """As Locust tells of users that have stopped; whoever waits for that finds all that came before."""
        self._write("stopped", time.process_time())
        self._file.flush()

    def beat(self) -> None:
        """Note how late this worker wakes, for ever."""
        import gevent  # type: ignore[import-untyped]  # noqa: PLC0415 - Locust has it, we need not

        wanted = time.monotonic() + PULSE_SECONDS
        while True:
            gevent.sleep(max(0.0, wanted - time.monotonic()))
            now = time.monotonic()
            self._write("pulse", max(0.0, now - wanted))
            wanted = max(wanted, now) + PULSE_SECONDS

    def _write(self, kind: str, *more: Any) -> None:
        self._file.write(json.dumps([kind, time.monotonic(), *more]) + "\n")


def listen(environment: Any, **_: Any) -> None:
    """In each process, when it knows what it is. The master makes no requests."""
    import gevent  # noqa: PLC0415 - see above
    from locust.runners import MasterRunner  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    if isinstance(environment.runner, MasterRunner):
        return
    log = RequestLog()
    environment.events.request.add_listener(log.request)
    environment.events.test_start.add_listener(log.started)
    environment.events.test_stop.add_listener(log.stopped)
    gevent.spawn(log.beat)


if "locust" in sys.modules:  # it reads its files when it is there itself; whoever else imports this wants no Locust
    from locust import events  # type: ignore[import-not-found]

    events.init.add_listener(listen)
