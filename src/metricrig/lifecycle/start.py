"""Bringing a service up: obtain, render, prepare, launch, wait, and make sure that it is ours who answers."""

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
from metricrig.probes import AllOf, Tcp, as_probe
from metricrig.runtimes import Launch

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from metricrig._core.exit_status import Completed
    from metricrig.lifecycle.instance_state import Life
    from metricrig.probes import Probe, Subject
    from metricrig.runtimes import Running
    from metricrig.service import Word

_ATTEMPTS = 5
_CLEANUP_ANSWER = 1.0
"""Seconds to wait until nothing is left of a start that has failed."""
_IN_USE = "address already in use"


def start(life: Life, subject: Subject, abandoned: threading.Event | None = None) -> None:
    """Start an instance; when this returns it is ready. ``subject`` is what the probe may ask."""
    with life.lock:
        life.require_open()
        obtain_tool(life)
        life.state, life.ending, life.provoked = STARTING, False, False
        life.began = time.monotonic()
        try:
            with answers_within(life.service.start_within), explained(f"the start of {life.name}"):
                running = _launch_until_ready(life, subject, abandoned)
        except BaseException as error:
            _give_up(life, error)
            raise
        life.state = READY
        life.ready_after = time.monotonic() - life.began
        if running.exited.is_set():
            life.state = FAILED
            raise life.death("as soon as it was ready")
    life.stream.emit(
        ServiceReady(
            rig=life.rig,
            service=life.name,
            pid=running.pid,
            seconds=life.ready_after,
            version=life.executable.version if life.executable else None,
        ),
    )


def obtain_tool(life: Life) -> None:
    """Find the service's executable; a download is not part of the time that a start may take."""
    if life.executable is None and (executable := life.runtime.provide(life.service)) is not None:
        life.equip(executable)
    life.site = life.runtime.inhabit(life.service, life.site)


def wipe(life: Life) -> None:
    """Empty its directory, and have it prepared anew at the next start."""
    for path in life.directory.iterdir():
        if (why := remove_tree(str(path))) is not None:
            raise OSError(f"{path} could not be removed: {why}")
    life.runtime.wiped(life.site)
    life.prepared = False


def probe_of(life: Life) -> Probe:
    """When the service is ready: what it says, else when all its ports accept connections."""
    if life.service.ready is not None:
        return as_probe(life.service.ready)
    return AllOf(tuple(Tcp(name) for name in life.service.ports))


def _launch_until_ready(life: Life, subject: Subject, abandoned: threading.Event | None) -> Running:
    """Launch, and launch again where somebody else was in the way."""
    probe = probe_of(life)
    for _ in range(_ATTEMPTS):
        running = _launch(life)
        # From here on the time is the service's own: how long an engine takes to make a container says nothing of it.
        deadline = Deadline.after(life.service.start_within)
        died: ServiceDied | None = None
        try:
            watch(
                life,
                running,
                lambda: probe.ask(subject),
                wanted=str(probe),
                deadline=deadline,
                abandoned=abandoned,
            )
            if not running.pid:  # ready at once, but was it executed?
                raise life.death("when it was to be executed")
        except ServiceDied as error:
            died = error
        except DeadlineExceeded:
            _require_launched(running)
            raise
        usurper = life.runtime.usurper(life.site, running)
        if usurper is None and died is None:
            return running
        running.collect()
        _make_way(life, usurper, died)
    raise UsageError(f"{life.name}: somebody else served its port {_ATTEMPTS} times in a row; is it started twice?")


def _require_launched(running: Running) -> int:
    """Raise what is worse than a service that is not ready: that nobody has told whether it was started at all."""
    with answers_within(0):
        return running.pid


def _make_way(life: Life, usurper: tuple[str, str] | None, died: ServiceDied | None) -> None:
    """Get out of the way of whoever holds a port, or raise what cannot be helped."""
    if usurper is None:
        # Nobody serves the port, yet the server says that it is in use: it is our own reservation, which a
        # server that binds without SO_REUSEADDR cannot share.
        bind_failed = _IN_USE in life.log.tail(since=life.log_start).lower()
        if died is not None and not (bind_failed and life.runtime.unreserve(life.site)):
            raise died
        return
    port, holder = usurper
    old = life.site.outside.ports[port]
    fixed = port in life.service.fixed_ports
    if life.addresses_read or fixed:
        raise PortTaken(life.name, port=port, number=old, holder=holder, fixed=fixed)
    life.site = life.runtime.move(life.service, life.site, port)
    life.stream.emit(
        ServiceMoved(rig=life.rig, service=life.name, port=port, old=old, new=life.site.outside.ports[port]),
    )


def _launch(life: Life) -> Running:
    """Render and execute the command."""
    service, at = life.service, life.site.at
    life.log_start = life.log.mark()
    life.last_answer = ""
    _write_files(life)
    if service.prepare is not None and not life.prepared:
        call(service.name, "prepare", service.prepare, _Bench(life))
    life.prepared = True
    words = command_of(service, at)
    environment = life.environment
    argv = [life.runtime.program(words[0], environment, life.executable), *words[1:]]
    life.command = tuple(argv)
    life.stream.emit(ServiceStarting(rig=life.rig, service=life.name, command=life.command))
    launch = Launch(
        argv=argv,
        env=environment,
        cwd=Path(at.render(str(service.cwd))) if service.cwd else None,
        out=life.site.log,
        stop_signal=service.stop_signal,
        service=service,
    )
    life.running = life.runtime.launch(life.site, launch, life.on_exit)
    return life.running


def _write_files(life: Life) -> None:
    for name in life.service.files:
        content = content_of(life.service, name, life.site.at)
        write_file(life.directory, name, content, owner=life.site.owner)


def _give_up(life: Life, error: BaseException) -> None:
    life.ending = True
    if life.running is not None:
        # That it is not collected in time is told by the error that has led here; it is as soon as that is possible.
        with contextlib.suppress(DeadlineExceeded), answers_within(_CLEANUP_ANSWER):
            life.running.collect()
        life.running = None
    life.state = FAILED
    if isinstance(error, Abandoned):
        life.state = NEW
    else:
        why = (str(error) or type(error).__name__).splitlines()[0]
        life.stream.emit(ServiceFailed(rig=life.rig, service=life.name, why=why))


class _Bench:
    """What a service's ``prepare`` works with."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self.at = life.site.at
        self.unprivileged = life.site.owner

    def run(self, command: Sequence[Word]) -> Completed:
        """Run a command to its end; failing is an error."""
        return run_beside(self._life, command, within=self._life.service.start_within * 4)

    def adopting(self, path: Path) -> AbstractContextManager[None]:
        """A context in which ``path`` is removed should this process die."""
        return self._life.runtime.adopting(path)
