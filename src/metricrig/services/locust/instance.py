"""A running Locust: runs by its users, its statistics, its web page."""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from metricrig._core.arguments import count
from metricrig._core.deadlines import Deadline
from metricrig._core.errors import UsageError
from metricrig.instance import Instance
from metricrig.probe import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metricrig.load.resource_use import Watched
    from metricrig.load.run import Run
    from metricrig.load.traffic import Traffic
    from metricrig.probe import Probe

_ANSWERS_WITHIN = 30.0
"""Seconds for an answer of its API: it spawns users before it says that it does."""
_NOT_ALLOWED = 405


class LocustInstance(Instance):
    """A running Locust. ``url`` is its web page."""

    def load(
        self,
        *,
        users: int,
        for_: Any,
        spawn_rate: float | None = None,
        lag: Any = None,
        watch: Sequence[Watched] = (),
    ) -> Run:
        """Have so many users at work for so long; without ``spawn_rate`` all of them begin at once.

        Latency is that of Locust's requests, each of which is an operation by its name. It is a closed loop.
        """
        return self._traffic(users, for_, spawn_rate=spawn_rate, lag=lag, watch=watch).start().wait()

    @contextmanager
    def background(
        self, *, users: int, spawn_rate: float | None = None, lag: Any = None, watch: Sequence[Watched] = ()
    ) -> Iterator[Run]:
        """The same for the length of a block."""
        with self._traffic(users, math.inf, spawn_rate=spawn_rate, lag=lag, watch=watch).in_background() as run:
            yield run

    def statistics(self) -> dict[str, Any]:
        """Its own, as its web page shows them."""
        content: dict[str, Any] = json.loads(self._answer("GET", "/stats/requests"))
        return content

    @property
    def worker_count(self) -> int:
        """How many workers are connected to the master."""
        return int(self.statistics().get("worker_count", 0))

    def order(self, what: str, **fields: Any) -> None:
        """One of its API's: "swarm" or "stop"."""
        said = self._answer("POST", f"/{what}", urlencode(fields).encode())
        if not json.loads(said).get("success"):
            raise UsageError(f"{self.name}: Locust refuses to {what}: {said}")

    def _traffic(
        self, users: int, for_: Any, *, spawn_rate: float | None, lag: Any, watch: Sequence[Watched]
    ) -> Traffic:
        from metricrig.services.locust.swarm import SwarmOrder, traffic_of  # noqa: PLC0415 - it needs an extra

        number = count("locust.load", "users", users)
        return traffic_of(SwarmOrder(self, number, spawn_rate or number, for_), lag, watch)

    def _answer(self, method: str, path: str, body: bytes = b"") -> str:
        from metricrig._core.http import HttpConnection, HttpRequest  # noqa: PLC0415 - when it is asked

        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection = HttpConnection(self.host, self.ports["http"])
        try:
            request = HttpRequest(method, path, {"Connection": "close", **headers}, body or None)
            answer = connection.ask(request, Deadline.after(_ANSWERS_WITHIN))
        finally:
            connection.close()
        if answer.status == _NOT_ALLOWED and method == "POST":  # what older versions stop by
            return self._answer("GET", path)
        if not answer.ok:
            raise UsageError(f"{self.name}: {method} {path} was answered with {answer.status}: {answer.text}")
        return answer.text


def workers_connected(number: int) -> Probe:
    """Ready when at least so many workers are."""
    return _WorkersConnected(number)


@dataclass(frozen=True, slots=True)
class _WorkersConnected:
    """A probe: so many workers have said that they are ready."""

    number: int

    def __str__(self) -> str:
        return f"{self.number} worker{'s' * (self.number != 1)} of Locust connected"

    def ask(self, subject: Any) -> Answer:
        """Ask the master."""
        try:
            found = subject.worker_count
        except (OSError, UsageError, ValueError) as error:
            return Answer(ready=False, said=str(error))
        return Answer(found >= self.number, f"{found} workers are")
