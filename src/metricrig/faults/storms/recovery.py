"""Waits until the services of a rig are ready again, as they were before something was done to them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline
from metricrig.lifecycle.instance_state import RUNNING, STOPPED
from metricrig.lifecycle.process_wait import watch
from metricrig.lifecycle.start import probe_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.probe import Subject

    Resident = tuple[InstanceState, Subject]
    """A service of the rig, and what its probe may ask of it."""

_LEAST_SECONDS = 30.0
"""Whatever a service takes to start: it may have much to do after a storm."""


def running(residents: Sequence[Resident]) -> list[Resident]:
    """Those that run now, and are expected to do so again."""
    return [each for each in residents if each[0].phase in RUNNING]


def lost(residents: Sequence[Resident], during: str) -> Exception | None:
    """The error of the first that has ended although nobody has done that to it."""
    return next((state.death(during) for state, _ in residents if state.lost), None)


def await_ready(residents: Sequence[Resident]) -> float:
    """Return when each of them answers as it did when it was started; says after how many seconds."""
    began = time.monotonic()
    for state, subject in residents:
        if state.phase == STOPPED:  # by the test, on purpose
            continue
        _await_ready(state, subject)
    return time.monotonic() - began


def _await_ready(state: InstanceState, subject: Subject) -> None:
    probe = probe_of(state)
    process = state.require_running("being ready again")
    deadline = Deadline.after(max(state.service.start_within, _LEAST_SECONDS))
    watch(state, process, lambda: probe.ask(subject), wanted=str(probe), deadline=deadline)
