"""Sending bodies: two at a time, each once, nothing lost without an error."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline, next_pause
from metricrig._core.errors import DeadlineExceeded
from metricrig.metrics.http import Broken, Unreachable
from metricrig.metrics.remote_write.errors import WriteRejected, WriteUncertain
from metricrig.metrics.remote_write.retrying import Again, Refused, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from metricrig.metrics.http import Answer, Fields, Server
    from metricrig.metrics.remote_write.body import Body

CONNECTIONS = 2
"""More gained nothing, with either server."""
_LEAST_PATIENCE = 1.0
# Bodies encoded ahead of those in flight: with none, a connection waits whenever an answer comes early.
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Sent:
    """How much was taken."""

    samples: int = 0
    requests: int = 0


class Sender:
    """Delivers bodies to one address. ``idempotent``: the store drops duplicates, so a broken request is repeated."""

    def __init__(
        self,
        server: Server,
        *,
        path: str = "/api/v1/write",
        fields: Fields = (),
        version: int = 1,
        connections: int = CONNECTIONS,
        within: float = 30.0,
        idempotent: bool = False,
    ) -> None:
        self._server = server
        self._url = server.address(path, fields)
        self._version = version
        self._connections = connections
        self._within = within
        self._idempotent = idempotent

    def send(self, bodies: Iterable[Body]) -> Sent:
        """Send all, in order; returns when the last is answered. Few bodies exist at a time, however many there are."""
        delivery = _Delivery(self)
        with ThreadPoolExecutor(self._connections, "metricrig-write") as workers:
            try:
                for body in bodies:
                    delivery.start(workers, body, self._connections + _AHEAD)
            finally:  # also after an error of ours: what is in flight is either delivered or given up
                delivery.finish()
        return delivery.sent

    def deliver(self, body: Body, given_up: threading.Event, delivered: Callable[[], int]) -> int:
        """Try until the server has it, or will not; returns its samples."""
        deadline = Deadline.after(self._within)
        while True:
            answer = self._attempt(body, deadline, delivered)
            pause = next_pause(deadline.elapsed)
            if answer is not None:
                verdict = judge(
                    answer,
                    samples=body.samples,
                    version=self._version,
                    waited=deadline.elapsed,
                    left=deadline.remaining,
                    now=time.time(),
                )
                if isinstance(verdict, Refused):
                    raise self._rejection(body, answer, delivered, verdict.why)
                if not isinstance(verdict, Again):
                    return body.samples
                pause = verdict.pause
            if given_up.wait(pause):
                why = "it was not tried again, because another batch had failed"
                raise self._rejection(body, answer, delivered, why)

    def _attempt(self, body: Body, deadline: Deadline, delivered: Callable[[], int]) -> Answer | None:
        """None if it broke, and may be repeated."""
        # The last try must not fail for having been begun late: then nobody would know whether it was taken.
        patience = max(deadline.remaining, min(self._within, _LEAST_PATIENCE))
        try:
            return self._server.request("POST", self._url, body=body.data, headers=body.headers, within=patience)
        except Unreachable as error:
            raise self._rejection(body, None, delivered, str(error)) from None
        except (Broken, DeadlineExceeded) as error:
            if self._idempotent and not deadline.expired:
                return None
            raise WriteUncertain(self._url, batch=str(body), what=str(error), delivered=delivered()) from None

    def _rejection(self, body: Body, answer: Answer | None, delivered: Callable[[], int], why: str) -> WriteRejected:
        status, said = (answer.status, answer.text) if answer else (0, "")
        return WriteRejected(self._url, batch=str(body), status=status, body=said, delivered=delivered(), why=why)


class _Delivery:
    """One call of ``send``: what is under way, and what has been taken."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._given_up = threading.Event()
        self._counting = threading.Lock()
        self._under_way: list[Future[None]] = []
        self.sent = Sent()

    def start(self, workers: ThreadPoolExecutor, body: Body, most: int) -> None:
        """Send one more, once fewer than ``most`` are under way."""
        if len(self._under_way) >= most:
            self._land()
        self._under_way.append(workers.submit(self._carry, body))

    def finish(self) -> None:
        """Wait for the rest."""
        while self._under_way:
            self._land()

    def _carry(self, body: Body) -> None:
        """In a worker. After a failure nothing more is sent, and nobody tries again."""
        if self._given_up.is_set():
            return
        try:
            samples = self._sender.deliver(body, self._given_up, lambda: self.sent.samples)
        except BaseException:
            self._given_up.set()
            raise
        with self._counting:
            self.sent = Sent(self.sent.samples + samples, self.sent.requests + 1)

    def _land(self) -> None:
        """Wait for at least one; the first failure is told once all the others have ended."""
        done = wait(self._under_way, return_when=FIRST_COMPLETED).done
        if any(each.exception() for each in done):
            wait(self._under_way)
            failed = [error for each in self._under_way if (error := each.exception())]
            self._under_way = []
            raise failed[0]
        self._under_way = [each for each in self._under_way if each not in done]
