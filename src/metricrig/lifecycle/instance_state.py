"""The state of one instance: shared by what starts, watches and stops it. Users see it through ``Instance``."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from metricrig._core.errors import ServiceDied, Unavailable, UsageError
from metricrig._core.events import ServiceDiedUnasked
from metricrig.lifecycle.active_faults import ActiveFaults
from metricrig.lifecycle.rendered_texts import environment_of
from metricrig.logs import LogFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from metricrig._core.errors import MetricrigError
    from metricrig._core.events import Stream
    from metricrig.runtimes import Running, Runtime, Site
    from metricrig.service import Service
    from metricrig.tools import Executable

NEW, STARTING, READY, PAUSED, STOPPED, DIED, FAILED, CLOSED = (
    "new",
    "starting",
    "ready",
    "paused",
    "stopped",
    "died",
    "failed",
    "closed",
)
RUNNING = {READY, PAUSED}
_EXIT_STATUS_TIMEOUT_SECONDS = 1.0
"""Seconds to wait for the exit status of a process that has ended: the janitor's report is on its way."""


def not_executed(program: str, why: str) -> Unavailable:
    """The error for a command that the system refuses to execute."""
    return Unavailable(
        f"the program {program!r}",
        reason=f"it could not be executed: {why}",
        remedy="see whether it is there, executable for the user who runs it, and made for this system",
    )


class InstanceState:
    """What is known of an instance, and those of its transitions that several modules make."""

    def __init__(
        self,
        service: Service,
        runtime: Runtime,
        rig: str,
        stream: Stream,
        *,
        site: Site | None = None,
        executable: Executable | None = None,
        attached: bool = False,
        faults: ActiveFaults | None = None,
    ) -> None:
        self.service = service
        self.runtime = runtime
        self.rig = rig
        self.stream = stream
        self.attached = attached
        """Somebody else runs it."""
        self.faults = faults or ActiveFaults(rig, stream)
        """The faults in force in its whole rig."""
        self.cycles: list[Running] = []
        """Processes of ours that stop it and let it go on in turns: while it is paused, they are too."""
        self.replaced: dict[str, bytes] = {}
        """What is written, instead of what its description says, into files of these names at each start."""
        self.lock = threading.RLock()
        self.site: Site = site or runtime.place(service)
        self.log = LogFile(self.site.log)
        self.phase = NEW
        self.running: Running | None = None
        self.executable: Executable | None = None
        if executable is not None:
            self.equip(executable)
        self.command: tuple[str, ...] = ()
        self.prepared = False
        self.addresses_read = False
        self.log_start = 0
        """Where in the log this start begins."""
        self.last_answer = ""
        self.began = 0.0
        self.ready_after: float | None = None
        self.ending = False
        """Somebody has asked it to end: its exit is no surprise."""
        self.provoked = False
        """A test does things to it of which it may die, or has been told of its death by a wait."""
        self.awaited = 0
        """How many waits on it the main thread is in: its death ends them."""

    @property
    def name(self) -> str:
        """The instance's name."""
        return self.service.name

    @property
    def directory(self) -> Path:
        """Its directory, as the test sees it."""
        return self.site.directory

    @property
    def environment(self) -> dict[str, str]:
        """What its processes get: what all get where it runs, the tool's, the service's."""
        added = environment_of(self.service, self.site.at)
        tool = dict(self.executable.env) if self.executable else {}
        return {**self.runtime.surroundings, **tool, **added}

    def equip(self, executable: Executable) -> None:
        """Know the executable behind ``{tool}``."""
        self.executable = executable
        self.site = replace(self.site, at=replace(self.site.at, executable=executable))

    def adopt(self, running: Running, *, command: tuple[str, ...], log_start: int, ready_after: float) -> None:
        """Take over what another process has started."""
        self.running, self.command, self.log_start, self.ready_after = running, command, log_start, ready_after
        self.addresses_read = self.prepared = True
        self.ending = False
        self.began = time.monotonic()
        self.phase = READY

    def disown(self) -> None:
        """Have nothing to do with what was adopted."""
        self.running = None
        self.phase = NEW

    def require_open(self) -> None:
        """Refuse what makes no sense after the end of the rig."""
        if self.phase == CLOSED:
            raise UsageError(f"{self.name} is closed: its rig {self.rig!r} is gone; use it inside the with block")

    def require_ours(self, what: str) -> None:
        """Refuse, for an attached server, what only whoever runs it can do or know."""
        if self.attached:
            from metricrig.runtimes.attached_server import not_ours  # noqa: PLC0415 - few have one

            raise not_ours(self.name, what)

    def require_running(self, what: str) -> Running:
        """The running process, for something that needs one."""
        self.require_open()
        if self.running is None:
            ended = f" (it is {self.phase})" if self.phase != NEW else ""
            raise UsageError(f"{what} needs {self.name} running{ended}: call rig.start() or {self.name}.start() first")
        if self.running.exited.is_set():
            raise self.told(f"before {what}")
        return self.running

    def death(self, during: str, since: int | None = None) -> MetricrigError:
        """The error that says how it ended, with what it logged since a mark; or why it could not be executed."""
        if self.running is not None and self.running.gone:
            self.running.exited.wait(_EXIT_STATUS_TIMEOUT_SECONDS)
        if self.running is not None and self.running.refused is not None:
            return not_executed(self.command[0], self.running.refused)
        return ServiceDied(
            self.name,
            how=self.running.how if self.running else "was lost: it does not run",
            during=during,
            last_probe=self.last_answer,
            log_tail=self.log.tail(since=self.log_start if since is None else since),
            command=self.command,
        )

    def told(self, during: str) -> MetricrigError:
        """The same for a wait. If it is the test itself that waits, it knows of the death from now on."""
        self.provoked = self.provoked or threading.current_thread() is threading.main_thread()
        return self.death(during)

    @contextlib.contextmanager
    def waited_for(self) -> Iterator[None]:
        """A block that ends with an error if it dies, so that nothing else has to end it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self.awaited += 1
        try:
            yield
        finally:
            self.awaited -= 1

    def on_exit(self, running: Running) -> None:
        """Note the end of the process; called on the thread that listens to the janitor."""
        if self.ending or running is not self.running or self.phase not in RUNNING:
            return
        self.phase = DIED
        self.stream.emit(ServiceDiedUnasked(rig=self.rig, service=self.name, how=running.how, provoked=self.provoked))

    @property
    def runs(self) -> bool:
        """Whether it is ready or paused, and has not ended meanwhile: the news of that may come later."""
        return self.phase in RUNNING and not self.gone

    @property
    def gone(self) -> bool:
        """Whether it has ended since it was ready, even if the news is still on its way."""
        return self.running is not None and self.phase in {*RUNNING, DIED} and self.running.gone

    @property
    def lost(self) -> bool:
        """Whether it has ended although nobody wanted it to."""
        return self.gone and not self.ending and not self.provoked

    @property
    def uptime(self) -> float:
        """Seconds since the current start."""
        return time.monotonic() - self.began
