"""Calls are made by worker processes: each has its share of the moments and of the users, and all begin at once."""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.arguments import wrong
from metricrig._core.errors import MetricrigError, UsageError
from metricrig.janitor.work import work
from metricrig.load.run_plan import LATEST_START_SECONDS
from metricrig.load.workers.worker_link import WorkerLink
from metricrig.load.workers.worker_messages import BeginAt, StopNow, WorkerOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metricrig.janitor.work import Work
    from metricrig.load.generator_pulse import GeneratorPulse
    from metricrig.load.recorder import CallRecorder
    from metricrig.load.run_plan import RunPlan
    from metricrig.load.run_stop import RunStop

_LOOK_SECONDS = 0.02
"""How often it is looked whether the run is to stop, and whether a worker has died before it said anything."""
_HEAD_START_SECONDS = 0.05
"""From when all workers are told when to begin until they do."""
_LAST_WORDS_SECONDS = 1.5
"""That workers have to end at once, more than they need for that; one that still has not is killed."""
_OVERDUE_SECONDS = 10.0
"""That workers have, when calls under way are waited for no more, to tear their users down and to tell their last."""
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]);"
    " from metricrig.load.workers.worker_process import main; main(sys.argv[1])"
)


class WorkerFailed(MetricrigError):
    """A user could not be set up in a worker process, or its calls failed as a whole."""


class CallingProcesses:
    """The workers of one run."""

    def __init__(self, orders: Sequence[WorkerOrder], recorder: CallRecorder, stop: RunStop) -> None:
        self.began = 0.0
        self.all_busy = False
        """Whether a call was due in a worker while every user that it may have had one."""
        self._orders, self._recorder, self._stop = orders, recorder, stop
        self._links: list[WorkerLink] = []
        self._told: StopNow | None = None

    def run(self, pulse: GeneratorPulse) -> None:
        """Returns when all workers have ended."""
        directory = Path(tempfile.gettempdir()) / f"metricrig-load-{secrets.token_hex(4)}"
        with work(directory) as place, ExitStack() as until_over:
            for order in self._orders:
                self._links.append(until_over.enter_context(_worker(place, order, self._recorder)))
            while (at_it := [each for each in self._links if not each.over]) and not self._given_up():
                ready = wait([each.source for each in at_it], _LOOK_SECONDS)
                for each in at_it:
                    each.look(heard=each.source in ready)
                self._judge()
        self._conclude(pulse)

    def _judge(self) -> None:
        """What follows from what was heard: that all begin, or that all stop."""
        for each in self._links:
            if each.died:
                self._stop.set(f"worker {each.name} {each.died}", lost=True)
            elif each.end is not None and each.end.failure:
                self._stop.set(at_once=True)
        if not self.began and all(each.ready for each in self._links) and not self._stop.is_set:
            self.began = time.monotonic() + _HEAD_START_SECONDS
            self._tell(BeginAt(self.began))
        self._require_ends()
        wanted = StopNow(self._stop.at_once)
        if self._stop.is_set and wanted != self._told:
            self._told = wanted
            self._tell(wanted)

    def _require_ends(self) -> None:
        """One that hangs is not waited for without end."""
        order = self._orders[0]
        over = min(self.began + order.seconds, self._stop.at) + LATEST_START_SECONDS + order.patience
        if self.began and not self._stop.at_once and time.monotonic() > over + _OVERDUE_SECONDS:
            late = " and ".join(each.name for each in self._links if not each.over)
            self._stop.set(f"worker {late} did not come to its end", at_once=True, lost=True)

    def _tell(self, message: BeginAt | StopNow) -> None:
        for each in self._links:
            each.tell(message)

    def _given_up(self) -> bool:
        """Before they have begun there is nothing to wait for."""
        if not self.began:
            return self._stop.is_set
        return time.monotonic() > self._stop.at_once_since + _LAST_WORDS_SECONDS

    def _conclude(self, pulse: GeneratorPulse) -> None:
        ends = [each.end for each in self._links if each.end is not None]
        pulse.parts.extend(each.pulse for each in ends)
        self.all_busy = any(each.all_busy for each in ends)
        for each in ends:
            if each.failure:
                raise UsageError(each.failure) if each.misused else WorkerFailed(each.failure)


def _worker(place: Work, order: WorkerOrder, recorder: CallRecorder) -> WorkerLink:
    """A fresh process: one that is forked from a process with threads may hang in any lock that they had."""
    path = str(place.directory / f"{order.worker}.socket")
    program = [sys.executable, "-c", _PROGRAM, path, json.dumps(sys.path)]
    return WorkerLink(place.running(program, cwd=Path.cwd(), env=os.environ), path, order, recorder)


def calling_processes(
    who: str, pickled: bytes, workers: int, plan: RunPlan
) -> Callable[[CallRecorder, RunStop], CallingProcesses]:
    """What makes the engine of a plan: users are shared out evenly, moments in turn."""
    if plan.users < workers:
        raise wrong(who, "users", plan.users, f"at least one for each worker: users={workers * 4}")
    orders = [
        WorkerOrder(
            who,
            pickled,
            worker,
            workers,
            plan.users // workers + (worker < plan.users % workers),
            plan.seconds,
            plan.rate,
            plan.think,
            plan.patience,
        )
        for worker in range(workers)
    ]
    return lambda recorder, stop: CallingProcesses(orders, recorder, stop)
