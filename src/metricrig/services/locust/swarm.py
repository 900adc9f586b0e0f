"""A run that Locust's users make: begun and stopped by its API, and read from what its workers have written."""

from __future__ import annotations

import json
import time
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import DeadlineExceeded
from metricrig.load.caller import Caller
from metricrig.load.loops import length_of, seconds_or_none
from metricrig.load.run_plan import RunPlan
from metricrig.load.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from metricrig.load.generator_pulse import GeneratorPulse
    from metricrig.load.recorder import CallRecorder
    from metricrig.load.resource_use import Watched
    from metricrig.load.run_stop import RunStop
    from metricrig.services.locust.instance import LocustInstance

_STOPS_WITHIN = 60.0
"""Seconds for users to end what they are at, and for the workers to write that they have."""


@dataclass(frozen=True, slots=True)
class SwarmOrder:
    """What is wanted of a Locust."""

    locust: LocustInstance
    users: int
    spawn_rate: float
    """Users that begin in a second."""
    for_: Any


class LocustSwarm:
    """The users of one run. How many of them there are was said, so they are never too few."""

    all_busy = False

    def __init__(self, order: SwarmOrder, recorder: CallRecorder, stop: RunStop) -> None:
        self.began = 0.0
        self._seconds = length_of("locust.load", order.for_)
        self._order, self._locust = order, order.locust
        self._recorder, self._stop = recorder, stop

    def run(self, pulse: GeneratorPulse) -> None:
        """Returns when its users have stopped; what they did is recorded then."""
        before = self._stops()
        self.began = time.monotonic()
        self._locust.order("swarm", user_count=self._order.users, spawn_rate=self._order.spawn_rate)
        self._stop.wait_until(self.began + self._seconds)
        if self._locust.ended:
            return
        self._locust.order("stop")
        self._await_stops(before + self._locust.worker_count)
        for log in self._logs():
            self._read(log, pulse)

    def _await_stops(self, wanted: int) -> None:
        deadline = Deadline.after(_STOPS_WITHIN)
        for pause in deadline.pauses():
            if self._stops() >= wanted or self._locust.ended:
                return
            time.sleep(pause)
        raise DeadlineExceeded(
            self._locust.name,
            wanted="all workers stop their users",
            seen=f"{self._stops()} of {wanted} have said so",
            within=deadline.within,
        )

    def _stops(self) -> int:
        return sum(log.read_bytes().count(b'["stopped", ') for log in self._logs())

    def _logs(self) -> list[Path]:
        return sorted(self._locust.dir.glob("requests-*.log"))

    def _read(self, log: Path, pulse: GeneratorPulse) -> None:
        """Each request of this run, and how late the worker woke in it."""
        cpu = 0.0
        for kind, at, figure, *more in _entries(log):
            if at < self.began:
                continue
            if kind == "request":
                name, error = more
                self._recorder.take(at - figure, at - figure, at, error, operation=name)
            elif kind == "pulse":
                pulse.at.append(at)
                pulse.late.append(figure)
            else:
                cpu = figure if kind == "started" else figure - cpu
        pulse.cpu = max(pulse.cpu, cpu)


def traffic_of(order: SwarmOrder, lag: Any, watch: Sequence[Watched]) -> Traffic:
    """A run of its users, which can be begun."""
    seconds = length_of("locust.load", order.for_)
    plan = RunPlan(Caller(order.locust.name, nullcontext, awaited=False), order.users, seconds)
    return Traffic(plan, seconds_or_none(lag), partial(LocustSwarm, order), watch)


def _entries(log: Path) -> Iterator[list[Any]]:
    """The last line may not be whole: a worker goes on writing."""
    for line in log.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)
