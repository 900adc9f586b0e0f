"""A worker process of a run: it makes its share of the calls, and tells of them while they end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError, described
from metricrig._core.sockets import connect
from metricrig.load.caller import caller_of
from metricrig.load.calling_tasks import CallingTasks
from metricrig.load.calling_threads import CallingThreads
from metricrig.load.generator_pulse import GeneratorPulse
from metricrig.load.recorder import CallRecorder
from metricrig.load.run_plan import RunPlan
from metricrig.load.run_stop import RunStop
from metricrig.load.workers.pickled_call import call_of
from metricrig.load.workers.worker_messages import BeginAt, CallReport, StopNow, WorkerEnd, WorkerReady

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.load.workers.worker_messages import WorkerOrder

REPORT_SECONDS = 0.1
"""How much of its calls a worker takes with it when it is killed."""
_CLEANUP_SECONDS = 1.0
"""For calls that are cancelled, to clean up after themselves."""


class WorkerProcess:
    """What this process does, from its order on."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._sending = connection, threading.Lock()
        self._order: WorkerOrder = connection.recv()
        self._recorder, self._stop = CallRecorder(), RunStop()
        self._begin, self._moment = threading.Event(), 0.0
        self._told = self._begun = 0
        self._concluding, self._concluded = threading.Lock(), False

    def work(self) -> None:
        """Returns when all is told."""
        threading.Thread(target=self._listen, name="metricrig load orders", daemon=True).start()
        pulse, all_busy, failure, misused = GeneratorPulse(), False, "", False
        try:
            plan, pulse = self._plan(), GeneratorPulse()  # a new one: importing the call is not generating
            engine = (CallingTasks if plan.caller.awaited else CallingThreads)(plan, self._recorder, self._stop)
            with self._reporting():
                engine.run(pulse)
            all_busy = engine.all_busy
        except BaseException as error:  # noqa: BLE001 - raised by the run, in the process of the test
            misused = isinstance(error, UsageError)
            failure = str(error) if misused else described(error)
        self._conclude(WorkerEnd(pulse, all_busy, failure, misused))

    def _plan(self) -> RunPlan:
        order = self._order
        return RunPlan(
            caller_of(order.who, call_of(order.who, order.pickled, order.worker, order.workers)),
            order.users,
            order.seconds,
            order.rate,
            order.think,
            order.patience,
            share=(order.worker, order.workers),
            common_begin=self._wait_for_begin,
        )

    def _wait_for_begin(self) -> float:
        self._send(WorkerReady())
        self._begin.wait()
        self._stop.wait_until(self._moment)
        return self._moment

    def _listen(self) -> None:
        """Until the test's process closes the connection or dies: then nobody wants these calls any more."""
        try:
            while True:
                message = self._connection.recv()
                if isinstance(message, BeginAt):
                    self._moment = message.moment
                    self._begin.set()
                elif isinstance(message, StopNow):
                    self._stop.set(at_once=message.at_once)
                    self._moment = self._moment or time.monotonic()
                    self._begin.set()
                    if message.at_once:
                        self._end_soon()
        except (EOFError, OSError):
            os._exit(0)

    def _end_soon(self) -> None:
        """A coroutine that blocks its event loop cannot be ended: what is known is told without it."""
        timer = threading.Timer(_CLEANUP_SECONDS, self._conclude, [WorkerEnd(GeneratorPulse(), all_busy=False)])
        timer.daemon = True
        timer.start()

    def _conclude(self, end: WorkerEnd) -> None:
        with self._concluding:
            if not self._concluded:
                self._concluded = True
                self._recorder.close()
                self._report()
                self._send(end)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        over = threading.Event()

        def report() -> None:
            while not over.wait(REPORT_SECONDS):
                self._report()

        thread = threading.Thread(target=report, name="metricrig load reports", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _report(self) -> None:
        recorder, told, begun = self._recorder, self._told, self._begun
        until, self._begun = len(recorder.calls), recorder.begun
        calls, self._told = recorder.calls.part(told, until), until
        self._send(
            CallReport(
                calls, tuple(recorder.kinds.names), tuple(recorder.operations), self._begun - begun, recorder.under_way
            )
        )

    def _send(self, message: object) -> None:
        with self._sending:
            self._connection.send(message)


def main(path: str) -> None:
    """The whole life of a worker: Ctrl-C is the test's, who tells it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = connect(path)
    connection.settimeout(None)
    WorkerProcess(Connection(connection.detach())).work()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads may still be calling, and cannot be ended otherwise
