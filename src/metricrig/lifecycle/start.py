"""The start of a service: obtain, render, prepare, launch, wait, and make sure that it is ours that answers."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline, answers_within
from metricrig._core.errors import DeadlineExceeded, PortTaken, ServiceDied, UsageError
from metricrig._core.events import ServiceFailed, ServiceMoved, ServiceReady, ServiceStarting
from metricrig._core.resource_limits import explained
from metricrig._core.user_code import call
from metricrig.janitor.leftovers import remove_tree
from metricrig.lifecycle.instance_state import FAILED, NEW, READY, STARTING
from metricrig.lifecycle.process_wait import Abandoned, watch
from metricrig.lifecycle.rendered_texts import command_of, content_of
from metricrig.lifecycle.service_files import write_file
from metricrig.lifecycle.side_command import run_beside
from metricrig.probe import AllOf, as_probe
from metricrig.runtimes import Launch

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from metricrig._core.exit_status import Completed
    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.probe import Probe, Subject
    from metricrig.runtimes import Running
    from metricrig.service import Word

_ATTEMPTS = 5
_CLEANUP_ANSWER = 1.0
"""Seconds in which what is left of a failed start is killed."""
_IN_USE = "address already in use"


def start(state: InstanceState, subject: Subject, abandoned: threading.Event | None = None) -> None:
    """Start an instance; when this returns it is ready. ``subject`` is what the probe may ask."""
    with state.lock:
        state.require_open()
        obtain_tool(state)
        state.phase, state.ending, state.provoked = STARTING, False, False
        state.began = time.monotonic()
        try:
            with answers_within(state.service.start_within), explained(f"the start of {state.name}"):
                running = _launch_until_ready(state, subject, abandoned)
        except BaseException as error:
            _give_up(state, error)
            raise
        state.phase = READY
        state.ready_after = time.monotonic() - state.began
        if running.exited.is_set():
            state.phase = FAILED
            raise state.death("as soon as it was ready")
    state.stream.emit(
        ServiceReady(
            rig=state.rig,
            service=state.name,
            pid=running.pid,
            seconds=state.ready_after,
            version=state.executable.version if state.executable else None,
        ),
    )


def obtain_tool(state: InstanceState) -> None:
    """Find the service's executable; a download is not part of the time that a start may take."""
    if state.executable is None and (executable := state.runtime.provide(state.service)) is not None:
        state.equip(executable)
    state.site = state.runtime.inhabit(state.service, state.site)


def wipe(state: InstanceState) -> None:
    """Empty its directory, and have it prepared anew at the next start."""
    for path in state.directory.iterdir():
        if (why := remove_tree(str(path))) is not None:
            raise OSError(f"{path} could not be removed: {why}")
    state.runtime.wiped(state.site)
    state.prepared = False


def probe_of(state: InstanceState) -> Probe:
    """When the service is ready: what it says, else when all its ports accept connections."""
    if state.service.ready is not None:
        return as_probe(state.service.ready)
    from metricrig.network_probes import Tcp  # noqa: PLC0415 - most services say when they are ready, and have it

    return AllOf(tuple(Tcp(name) for name in state.service.ports))


def _launch_until_ready(state: InstanceState, subject: Subject, abandoned: threading.Event | None) -> Running:
    """Launch, and launch again where somebody else was in the way."""
    probe = probe_of(state)
    for _ in range(_ATTEMPTS):
        running = _launch(state)
        # From here on the time is the service's own: how long an engine takes to make a container says nothing of it.
        deadline = Deadline.after(state.service.start_within)
        died: ServiceDied | None = None
        try:
            watch(
                state,
                running,
                lambda: probe.ask(subject),
                wanted=str(probe),
                deadline=deadline,
                abandoned=abandoned,
            )
            if not running.pid:  # ready at once, but was it executed?
                raise state.death("when it was to be executed")
        except ServiceDied as error:
            died = error
        except DeadlineExceeded:
            _require_launched(running)
            raise
        usurper = state.runtime.usurper(state.site, running)
        if usurper is None and died is None:
            return running
        running.collect()
        _make_way(state, usurper, died)
    raise UsageError(f"{state.name}: somebody else served its port {_ATTEMPTS} times in a row; is it started twice?")


def _require_launched(running: Running) -> int:
    """Raise if it is not known whether it was started at all, which matters more than that it is not ready."""
    with answers_within(0):
        return running.pid


def _make_way(state: InstanceState, usurper: tuple[str, str] | None, died: ServiceDied | None) -> None:
    """Move to other ports if somebody else holds one; raise if that cannot help."""
    if usurper is None:
        # Nobody serves the port, yet the server says that it is in use: it is our own reservation, which a
        # server that binds without SO_REUSEADDR cannot share.
        bind_failed = _IN_USE in state.log.tail(since=state.log_start).lower()
        if died is not None and not (bind_failed and state.runtime.unreserve(state.site)):
            raise died
        return
    port, holder = usurper
    old = state.site.outside.ports[port]
    fixed = port in state.service.fixed_ports
    if state.addresses_read or fixed:
        raise PortTaken(state.name, port=port, number=old, holder=holder, fixed=fixed)
    state.site = state.runtime.move(state.service, state.site, port)
    state.stream.emit(
        ServiceMoved(rig=state.rig, service=state.name, port=port, old=old, new=state.site.outside.ports[port]),
    )


def _launch(state: InstanceState) -> Running:
    """Render and execute the command."""
    service, at = state.service, state.site.at
    state.log_start = state.log.mark()
    state.last_answer = ""
    _write_files(state)
    if service.prepare is not None and not state.prepared:
        call(service.name, "prepare", service.prepare, _Bench(state))
    state.prepared = True
    words = command_of(service, at)
    environment = state.environment
    argv = [state.runtime.program(words[0], environment, state.executable), *words[1:]]
    state.command = tuple(argv)
    state.stream.emit(ServiceStarting(rig=state.rig, service=state.name, command=state.command))
    launch = Launch(
        argv=argv,
        env=environment,
        cwd=Path(at.render(str(service.cwd))) if service.cwd else None,
        out=state.site.log,
        stop_signal=service.stop_signal,
        service=service,
    )
    state.running = state.runtime.launch(state.site, launch, state.on_exit)
    return state.running


def _write_files(state: InstanceState) -> None:
    for name in state.service.files:
        content = state.replaced.get(name) or content_of(state.service, name, state.site.at)
        write_file(state.directory, name, content, owner=state.site.owner)


def _give_up(state: InstanceState, error: BaseException) -> None:
    state.ending = True
    if state.running is not None:
        # That it could not be killed in time is not raised: the error that has led here says more, and it will be.
        with contextlib.suppress(DeadlineExceeded), answers_within(_CLEANUP_ANSWER):
            state.running.collect()
        state.running = None
    state.phase = FAILED
    if isinstance(error, Abandoned):
        state.phase = NEW
    else:
        why = (str(error) or type(error).__name__).splitlines()[0]
        state.stream.emit(ServiceFailed(rig=state.rig, service=state.name, why=why))


class _Bench:
    """What a service's ``prepare`` works with."""

    def __init__(self, state: InstanceState) -> None:
        self._state = state
        self.at = state.site.at
        self.unprivileged = state.site.owner
        self.directory = state.directory

    def run(self, command: Sequence[Word]) -> Completed:
        """Run a command to its end; failing is an error."""
        return run_beside(self._state, command, within=self._state.service.start_within * 4)

    def adopting(self, path: Path) -> AbstractContextManager[None]:
        """A context in which ``path`` is removed should this process die."""
        return self._state.runtime.adopting(path)
