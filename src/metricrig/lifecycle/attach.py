"""Attachment to a server that somebody else runs: placed at its URL, and asked whether it is what it should be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline, tries_until
from metricrig._core.errors import MetricrigError, UsageError
from metricrig._core.events import ServiceAttached
from metricrig.lifecycle.instance_state import InstanceState
from metricrig.lifecycle.start import probe_of
from metricrig.runtimes.attached_server import AttachedProcess, AttachedRuntime, split_url, without_password
from metricrig.runtimes.runtime_names import PROCESS

if TYPE_CHECKING:
    from metricrig._core.events import Stream
    from metricrig.probe import Subject
    from metricrig.runtimes import Runtime
    from metricrig.service import Service

_ANSWER_WITHIN = 15.0
"""Seconds that the server may take to say what it is. It is asked once, because nobody is starting it."""


def attach(service: Service, url: str, host: Runtime, rig: str, stream: Stream) -> InstanceState:
    """Its state in a rig, as if it had been started."""
    if host.name != PROCESS:
        raise UsageError(
            f"{service.name}: only a rig of processes can be attached to a server, because containers may see"
            f" something else at the same address\n  what works: Rig(runtime={PROCESS!r}).attach(...)"
        )
    split_url(service, url)
    state = InstanceState(service.attached_to(url), AttachedRuntime(host, url), rig, stream, attached=True)
    state.adopt(AttachedProcess(service.name), command=(), log_start=0, ready_after=0.0)
    return state


def require_answer(state: InstanceState, subject: Subject) -> None:
    """Ask it once what it is; an error that says what was tried if it does not answer as it should."""
    began, probe = time.monotonic(), probe_of(state)
    with tries_until(Deadline.after(_ANSWER_WITHIN)):
        answer = probe.ask(subject)
    where = without_password(state.site.outside.url)
    if not answer:
        raise MetricrigError(
            f"{state.name}: no such server can be used at {where}\n"
            f"  wanted: {probe}\n"
            f"  seen: {answer.said}\n"
            "  what to do: see that it runs there and takes this user; or leave the URL out, and one is started"
        ) from answer.error
    state.ready_after = time.monotonic() - began
    state.stream.emit(ServiceAttached(rig=state.rig, service=state.name, address=state.site.outside.address()))
