"""The end of services: they are asked, then killed; many at once without a thread."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline, answers_within
from metricrig._core.errors import MetricrigError
from metricrig._core.events import ServicePaused, ServiceResumed, ServiceStopped
from metricrig.lifecycle.instance_state import DIED, PAUSED, READY, STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.runtimes import Running

_KILL_TIMEOUT_SECONDS = 10.0
_LEAST_ANSWER = 0.5
"""Seconds that the janitor may take to pass on a signal, however short the time is in which a service has to stop."""


def stop_all(lives: Sequence[InstanceState], within: float | None = None) -> None:
    """Ask all of them to stop, then wait for each; one that has not stopped in time is killed."""
    began = time.monotonic()
    asked = []
    for state in lives:
        patience = state.service.stop_within if within is None else within
        if state.running is not None:
            with answers_within(max(patience, _LEAST_ANSWER)):
                asked.append((state, _ask(state), Deadline(began + patience, patience)))
    for state, running, deadline in asked:
        _finish(state, running, deadline, began)


def stop_in_waves(waves: Iterable[Sequence[InstanceState]], within: float | None = None) -> None:
    """Stop one group after another; a group that fails does not keep the others running."""
    errors: list[Exception] = []
    for wave in waves:
        try:
            stop_all(wave, within)
        except Exception as error:  # noqa: BLE001 - raised below, when all have been stopped
            errors.append(error)
    if errors:
        raise errors[0]


def kill(state: InstanceState) -> None:
    """End it with SIGKILL, and everything below it."""
    running = state.require_running("killing")
    began = time.monotonic()
    state.ending = True
    running.signal(signal.SIGKILL, tree=True)
    _finish(state, running, Deadline.after(_KILL_TIMEOUT_SECONDS), began, escalated=False)


def pause(state: InstanceState) -> None:
    """Freeze it and everything below it: alive, and answering nobody."""
    with state.lock:
        running = state.require_running("pausing")
        for each in state.cycles:
            each.freeze()
        running.freeze()
        state.phase = PAUSED
        state.stream.emit(ServicePaused(rig=state.rig, service=state.name))


def resume(state: InstanceState) -> None:
    """Let a frozen service go on; nothing happens to one that is not frozen."""
    with state.lock:
        state.require_running("resuming").signal(signal.SIGCONT, tree=True)
        if state.phase == PAUSED:
            state.phase = READY
            for each in state.cycles:
                each.signal(signal.SIGCONT)
            state.stream.emit(ServiceResumed(rig=state.rig, service=state.name))


def _ask(state: InstanceState) -> Running:
    """CONT first: a frozen process would keep the stop signal pending."""
    running = state.running
    assert running is not None  # noqa: S101 - the caller has looked
    if not running.exited.is_set():
        state.ending = True
        running.signal(signal.SIGCONT, tree=state.phase == PAUSED)
        running.signal(state.service.stop_signal)
    return running


def _finish(
    state: InstanceState, running: Running, deadline: Deadline, began: float, *, escalated: bool = False
) -> None:
    """Wait for the end, kill if it does not come, and let nothing of it remain."""
    ended = running.exited.wait(deadline.remaining)
    with answers_within(max(deadline.remaining, _LEAST_ANSWER)):
        if not ended:
            escalated = True
            running.signal(signal.SIGKILL, tree=True)
            if not running.exited.wait(_KILL_TIMEOUT_SECONDS):
                raise MetricrigError(
                    f"{state.name} (pid {running.pid}) does not die of SIGKILL: it hangs in the kernel"
                )
        running.collect()
    state.running = None
    state.phase = STOPPED if state.ending else DIED
    if state.ending:
        seconds = max(0.0, running.ended_at - began)
        state.stream.emit(
            ServiceStopped(rig=state.rig, service=state.name, how=running.how, seconds=seconds, escalated=escalated),
        )
