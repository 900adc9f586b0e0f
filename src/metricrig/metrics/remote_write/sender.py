"""A sender of bodies, two at a time, each once; and the errors by which it says what was not written."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import DeadlineExceeded, MetricrigError
from metricrig.metrics.http.client import Broken, Unreachable
from metricrig.metrics.remote_write.retry import GiveUp, RetryDelay, TryAgain, UseVersion1, judge
from metricrig.metrics.remote_write.version_1 import as_version_1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from metricrig.metrics.http.client import Fields, HttpAnswer, Server
    from metricrig.metrics.remote_write.request_body import Body


class WriteRejected(MetricrigError):
    """The server did not take a request.

    ``batch`` says which, ``status`` (0 without an answer) and ``body`` are what it said; ``delivered`` samples had
    been taken before.
    """

    def __init__(self, url: str, *, batch: str, status: int, body: str, delivered: int, why: str = "") -> None:
        self.url = url
        self.batch = batch
        self.status = status
        self.body = body
        self.delivered = delivered
        self.why = why
        reason = f"\n  {why}" if why else ""
        said = f"\n  it said: {body[:1000]}" if body else ""
        how = f"was answered with {status}" if status else "was not sent"
        super().__init__(f"{url}: {batch} {how}{said}{reason}\n  delivered before: {delivered} samples")

    def advised(self, advice: str) -> WriteRejected:
        """The same error, with what to do about it."""
        why = f"{self.why}\n  what to do: {advice}".strip() if advice else self.why
        return WriteRejected(
            self.url, batch=self.batch, status=self.status, body=self.body, delivered=self.delivered, why=why
        )


class WriteUncertain(MetricrigError):
    """A request was sent and no answer came: its samples may have been written, or not.

    It was not sent again, because a store that keeps duplicates would then have them twice.
    """

    def __init__(self, url: str, *, batch: str, what: str, delivered: int) -> None:
        self.url = url
        self.batch = batch
        self.delivered = delivered
        super().__init__(
            f"{url}: {batch} was sent and not answered: {what}\n"
            f"  its samples may have been written or not, so it was not sent again; "
            f"delivered before: {delivered} samples\n"
            f"  what to do: write into a fresh store, or say idempotent=True if this one drops duplicates"
        )


CONNECTIONS = 2
"""More gained nothing, with either server."""
# A try that began too late would fail, and nobody would know whether it was taken: so none begins in the last second,
# or, where there are few seconds, in the last quarter.
_LAST_TRY_SECONDS, _LAST_SHARE = 1.0, 0.25
# Bodies encoded ahead of those in flight: with none, a connection waits whenever an answer comes early.
_BODIES_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Sent:
    """How much was taken."""

    samples: int = 0
    requests: int = 0


class Sender:
    """Delivers bodies to one address, each ``within`` so many seconds, however often it has to be sent for that.

    ``idempotent``: the store drops duplicates, so a broken request is repeated. The pauses between tries grow, and are
    the same for the same ``seed``. A receiver that answers 415 to version 2 gets version 1.
    """

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
        seed: int = 0,
    ) -> None:
        self._server = server
        self._url = server.address(path, fields)
        self._asked_for = self._version = version
        self._connections = connections
        self._within = within
        self._idempotent = idempotent
        self._seed = seed

    def send(self, bodies: Iterable[Body]) -> Sent:
        """Send all, in order; returns when the last is answered. Few bodies exist at a time, however many there are."""
        delivery = _Delivery(self, at_once=self._connections + _BODIES_AHEAD)
        try:
            with ThreadPoolExecutor(self._connections, "metricrig-write") as workers:
                for body in bodies:
                    if not delivery.start(workers, body):
                        break
        finally:  # also after an error of ours: what was under way is by now delivered or given up
            delivery.tell()
        return delivery.sent

    def deliver(self, body: Body, given_up: threading.Event, delivered: Callable[[], int]) -> int:
        """Try until the server has it, or will not; returns its samples."""
        deadline, delay = Deadline.after(self._within), RetryDelay(f"{self._seed} {body.number}")
        while True:
            version = self._version
            sent = as_version_1(body) if version < self._asked_for else body
            pause = delay.next()
            answer = self._attempt(sent, deadline, pause, delivered)
            if answer is not None:
                left = deadline.remaining - self._last_try(deadline)
                verdict = judge(answer, samples=body.samples, version=version, pause=pause, left=left, now=time.time())
                if isinstance(verdict, GiveUp):
                    raise self._rejection(body, answer, delivered, verdict.why)
                if isinstance(verdict, UseVersion1):
                    self._version = 1
                    continue
                if not isinstance(verdict, TryAgain):
                    return body.samples
                pause = verdict.pause
            if given_up.wait(pause):
                why = "it was not tried again, because another batch had failed"
                raise self._rejection(body, answer, delivered, why)

    def _attempt(self, body: Body, deadline: Deadline, pause: float, delivered: Callable[[], int]) -> HttpAnswer | None:
        """None if it broke, and may be repeated."""
        try:
            return self._server.request("POST", self._url, body=body.data, headers=body.headers, within=deadline)
        except Unreachable as error:
            raise self._rejection(body, None, delivered, str(error)) from None
        except (Broken, DeadlineExceeded) as error:
            if self._idempotent and deadline.remaining > pause + self._last_try(deadline):
                return None
            raise WriteUncertain(self._url, batch=str(body), what=str(error), delivered=delivered()) from None

    def _last_try(self, deadline: Deadline) -> float:
        return min(_LAST_TRY_SECONDS, deadline.within * _LAST_SHARE)

    def _rejection(
        self, body: Body, answer: HttpAnswer | None, delivered: Callable[[], int], why: str
    ) -> WriteRejected:
        status, said = (answer.status, answer.text) if answer else (0, "")
        return WriteRejected(self._url, batch=str(body), status=status, body=said, delivered=delivered(), why=why)


class _Delivery:
    """One call of ``send``: what is under way, what has been taken, and what has failed."""

    def __init__(self, sender: Sender, *, at_once: int) -> None:
        self._sender = sender
        # Counting places costs a fifth of waiting for futures, with a request every few milliseconds.
        self._places = threading.Semaphore(at_once)
        self._given_up = threading.Event()
        self._counting = threading.Lock()
        self._failures: list[BaseException] = []
        self.sent = Sent()

    def start(self, workers: ThreadPoolExecutor, body: Body) -> bool:
        """Send one more, once there is a place for it; not after a failure."""
        self._places.acquire()
        if self._given_up.is_set():
            return False
        workers.submit(self._carry, body)
        return True

    def tell(self) -> None:
        """The first failure, once all the others have ended."""
        if self._failures:
            raise self._failures[0]

    def _carry(self, body: Body) -> None:
        """In a worker. After a failure nothing more is sent, and nobody tries again."""
        try:
            if not self._given_up.is_set():
                samples = self._sender.deliver(body, self._given_up, lambda: self.sent.samples)
                with self._counting:
                    self.sent = Sent(self.sent.samples + samples, self.sent.requests + 1)
        except BaseException as error:  # noqa: BLE001 - raised by ``tell``
            self._failures.append(error)
            self._given_up.set()
        finally:
            self._places.release()
