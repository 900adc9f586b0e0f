"""Ending services: asked, then killed; many at once without a thread."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline, answers_within
from metricrig._core.errors import MetricrigError
from metricrig._core.events import ServicePaused, ServiceResumed, ServiceStopped
from metricrig.lifecycle.instance_state import DIED, PAUSED, READY, STOPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.lifecycle.instance_state import Life
    from metricrig.runtimes import Running

_KILL_PATIENCE = 10.0
_LEAST_ANSWER = 0.5
"""Seconds that the janitor may take to pass on a signal, however short the time is in which a service has to stop."""


def stop_all(lives: Sequence[Life], within: float | None = None) -> None:
    """Ask all of them to stop, then wait for each; whoever does not obey in time is killed."""
    began = time.monotonic()
    asked = []
    for life in lives:
        patience = life.service.stop_within if within is None else within
        if life.running is not None:
            with answers_within(max(patience, _LEAST_ANSWER)):
                asked.append((life, _ask(life), Deadline(began + patience, patience)))
    for life, running, deadline in asked:
        _finish(life, running, deadline, began)


def kill(life: Life) -> None:
    """End it with SIGKILL, and everything below it."""
    running = life.require_running("killing")
    began = time.monotonic()
    life.ending = True
    running.signal(signal.SIGKILL, tree=True)
    _finish(life, running, Deadline.after(_KILL_PATIENCE), began, escalated=False)


def pause(life: Life) -> None:
    """Freeze it and everything below it: alive, and answering nobody."""
    with life.lock:
        life.require_running("pausing").freeze()
        life.state = PAUSED
        life.stream.emit(ServicePaused(rig=life.rig, service=life.name))


def resume(life: Life) -> None:
    """Let a frozen service go on; one that is not frozen does not mind."""
    with life.lock:
        life.require_running("resuming").signal(signal.SIGCONT, tree=True)
        if life.state == PAUSED:
            life.state = READY
            life.stream.emit(ServiceResumed(rig=life.rig, service=life.name))


def _ask(life: Life) -> Running:
    """CONT first: a frozen process would keep the stop signal pending."""
    running = life.running
    assert running is not None  # noqa: S101 - the caller has looked
    if not running.exited.is_set():
        life.ending = True
        running.signal(signal.SIGCONT, tree=life.state == PAUSED)
        running.signal(life.service.stop_signal)
    return running


def _finish(life: Life, running: Running, deadline: Deadline, began: float, *, escalated: bool = False) -> None:
    """Wait for the end, kill if it does not come, and let nothing of it remain."""
    ended = running.exited.wait(deadline.remaining)
    with answers_within(max(deadline.remaining, _LEAST_ANSWER)):
        if not ended:
            escalated = True
            running.signal(signal.SIGKILL, tree=True)
            if not running.exited.wait(_KILL_PATIENCE):
                raise MetricrigError(f"{life.name} (pid {running.pid}) does not die of SIGKILL: it hangs in the kernel")
        running.collect()
    life.running = None
    life.state = STOPPED if life.ending else DIED
    if life.ending:
        seconds = max(0.0, running.ended_at - began)
        life.stream.emit(
            ServiceStopped(rig=life.rig, service=life.name, how=running.how, seconds=seconds, escalated=escalated),
        )
