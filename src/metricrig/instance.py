"""A service added to a rig: its addresses, its lifecycle, its logs."""

from __future__ import annotations

import contextlib
import signal as signals
from dataclasses import replace
from typing import TYPE_CHECKING

from metricrig._core import arguments
from metricrig._core.deadlines import Deadline, deadline_of_wait
from metricrig._core.errors import UsageError
from metricrig.faults.instance_faults import InstanceFaults
from metricrig.lifecycle import start, stop
from metricrig.lifecycle.instance_state import RUNNING
from metricrig.lifecycle.process_wait import Lifeline, Logs, wait_for_end, watch
from metricrig.lifecycle.side_command import run_beside
from metricrig.probe import as_probe

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from metricrig._core.exit_status import Completed
    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.metrics.server_metrics import Metrics
    from metricrig.placement import Addresses
    from metricrig.probe import Readiness
    from metricrig.resources import Resources
    from metricrig.service import Word

_FATAL = {signals.SIGTERM, signals.SIGINT, signals.SIGQUIT, signals.SIGKILL, signals.SIGABRT}
"""Signals that may end a process: whoever sends one of these expects that."""
# Seconds. The kernel closes a dying process's connections before anybody can see that it has ended: a test that has
# seen its connection break may leave the block before the news.
_EXIT_NEWS_SECONDS = 0.05


class Instance(InstanceFaults):
    """A service in a rig. ``instance.url`` is for the test, ``instance.inside.url`` for another service."""

    def __init__(self, state: InstanceState) -> None:
        super().__init__(state)
        self.logs = Logs(state)
        self._metrics: Metrics | None = None

    # --- state

    @property
    def attached(self) -> bool:
        """Whether somebody else runs it: it can be used, and neither started, stopped nor looked into."""
        return self._state.attached

    @property
    def state(self) -> str:
        """One of "new", "starting", "ready", "paused", "stopped", "died", "failed" and "closed"."""
        return self._state.phase

    @property
    def ended(self) -> bool:
        """Whether it has ended since it was ready, for whatever reason, also if the janitor has not reported it yet."""
        return self._state.gone

    @property
    def lost(self) -> bool:
        """Whether it has ended by itself: nobody has asked it to, nor done anything to it."""
        return self._state.lost

    def death(self, during: str, since: int | None = None) -> Exception:
        """The error that says how it ended, with the last lines of its log, or of what came after a mark."""
        return self._state.death(during, since)

    @property
    def provoked(self) -> bool:
        """Whether something has been done to it of which it may die, or has died."""
        return self._state.provoked

    @property
    def awaited(self) -> bool:
        """Whether the main thread waits for something about it: the wait ends with its death."""
        return self._state.awaited > 0

    def told(self, during: str) -> Exception:
        """The error of a wait that ends with its death."""
        return self._state.told(during)

    @contextlib.contextmanager
    def may_die(self) -> Iterator[None]:
        """A block in which its end is expected: no test fails for it."""
        self._state.provoked = True
        try:
            yield
        finally:
            if (running := self._state.running) is not None:
                running.exited.wait(_EXIT_NEWS_SECONDS)
            self._state.provoked = self._state.gone

    @property
    def pid(self) -> int:
        """The process id of its main process."""
        return self._state.require_running("pid").pid

    @property
    def version(self) -> str | None:
        """The version of its executable; None if it has no tool, or it is not known yet, or not at all."""
        executable = self._state.executable
        return executable.version if executable and not self.attached else None

    @property
    def ready_after(self) -> float | None:
        """How many seconds the last start took, from the call until it answered."""
        return self._state.ready_after

    @property
    def command(self) -> tuple[str, ...]:
        """The command of the last start, as executed: paste it into a shell to start the same by hand."""
        return self._state.command

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its processes: the test's own, with what its tool and its service add."""
        return self._state.environment

    # --- lifecycle

    def start(self) -> None:
        """Start it, and return when it is ready. Does nothing to one that runs; what it needs is not started."""
        self.start_unless(None)

    def start_unless(self, abandoned: threading.Event | None) -> None:
        """Start it, but stop waiting when the event is set: another service of the same start has failed."""
        if not self._state.runs:
            if self._state.running is not None:  # it died: let nothing of that life remain
                stop.stop_all([self._state])
            start.start(self._state, self, abandoned)

    def stop(self, within: float | None = None) -> None:
        """Ask it to stop, kill it if it has not after ``within`` seconds. Stopping twice is fine."""
        self._state.require_open()
        self._state.require_ours("to stop it")
        if within is not None:
            arguments.seconds(f"{self.name}.stop", "within", within)
        stop.stop_all([self._state], within)

    def kill(self) -> None:
        """End it with SIGKILL, and everything below it; returns when it is gone."""
        self._state.require_ours("to kill it")
        stop.kill(self._state)

    def pause(self) -> None:
        """Freeze it: alive, its connections open, and answering nobody."""
        self._state.require_ours("to pause it")
        stop.pause(self._state)

    def resume(self) -> None:
        """Let it go on after ``pause``."""
        self._state.require_ours("to resume it")
        stop.resume(self._state)

    def restart(self) -> None:
        """Stop and start it: same ports, same data."""
        self.stop()
        self.start()

    def wipe(self) -> None:
        """Forget its data: the next start begins with an empty directory, at the same addresses."""
        self._state.require_ours("to wipe its data")
        if self._state.runs:
            raise UsageError(f"{self.name} runs; stop it before its data is removed: {self.name}.stop()")
        start.wipe(self._state)

    def signal(self, number: int | signals.Signals) -> None:
        """Send a signal to its main process, such as SIGHUP to reload. To end it, use ``stop`` or ``kill``."""
        self._state.require_ours("a signal to it")
        number = arguments.signal_number(f"{self.name}.signal", "number", number)
        running = self._state.require_running("a signal")
        self._state.provoked = self._state.provoked or number in _FATAL
        running.signal(int(number))

    # --- looking at it

    @property
    def metrics(self) -> Metrics:
        """What it tells on its metrics page: read it, and wait for it."""
        from metricrig.metrics.scraping.endpoint import Endpoint  # noqa: PLC0415 - a service without metrics needs none of it
        from metricrig.metrics.server_metrics import Metrics  # noqa: PLC0415 - see above

        self._state.require_open()
        url = self.metrics_url(self.outside)
        if self._metrics is None or self._metrics.endpoint.url != url:
            self._metrics = Metrics(Endpoint(url, trust=self.trust), Lifeline(self._state), name=f"{self.name}.metrics")
        return self._metrics

    @property
    def trust(self) -> str | None:
        """The file with the authority of its https pages; None if the system knows that."""
        where = self.service.trust
        return None if where is None else self._state.site.at.render(str(where))

    def release(self) -> None:
        """Close what is open towards it; its rig calls this when it closes."""
        if self._metrics is not None:
            self._metrics.endpoint.close()

    def metrics_url(self, seen: Addresses) -> str:
        """The URL of its metrics page, for whoever sees it at these addresses: ``outside`` or ``inside``."""
        where = self.service.metrics
        if where is None:
            raise UsageError(f'{self.name} has no metrics page; say where: Service(..., metrics="/metrics")')
        if where.startswith("/"):
            where = f"http://{{host}}:{{port}}{where}"
        return replace(self._state.site.at, host=seen.host, port=seen.ports).render(where)

    def wait(self, readiness: Readiness, *, within: float = 30.0) -> str:
        """Wait until a probe, or any function of the instance, says yes; returns what it said.

        A service that dies while it is waited for ends the wait at once.
        """
        running = self._state.require_running("waiting")
        probe = as_probe(readiness, f"{self.name}.wait")
        deadline = Deadline.after(within)
        return watch(self._state, running, lambda: probe.ask(self), wanted=str(probe), deadline=deadline).said

    def wait_for_end(self, *, within: float = 30.0) -> str:
        """Wait until it has ended by itself, or of a signal; returns how: "exited with 0". It is no accident then."""
        self._state.require_open()
        return wait_for_end(self._state, Deadline.after(within))

    def run(
        self,
        command: Sequence[Word],
        *,
        within: float = 30.0,
        check: bool = True,
        stdin: str | None = None,
    ) -> Completed:
        """Run a command beside it: same environment, user and directory, with the service's placeholders.

        A program that lies beside the service's own is found first. Unless ``check`` is false, an exit status
        other than 0 is an error with everything that the command said.
        """
        self._state.require_open()
        start.obtain_tool(self._state)
        return run_beside(self._state, command, within=within, check=check, stdin=stdin)

    def resources(self) -> Resources:
        """CPU seconds, memory, descriptors, threads and processes, of it and everything below it."""
        return self._state.require_running("resources").resources()

    def listens(self, port: str | None) -> bool:
        """Whether it is the service itself that accepts connections to a port (the first, unless one is named)."""
        running, numbers = self._state.running, self._state.site.at.port
        return running is not None and running.listens(numbers[port] if port else numbers.first)

    def logged(self, pattern: str) -> str | None:
        """What matches a regular expression in the log of the current start; None if nothing does."""
        self._state.require_ours("its log")
        arguments.pattern(f"{self.name}.logged", pattern)
        match = self._state.log.search(pattern, self._state.log_start, until=deadline_of_wait())
        return match.group() if match else None

    def __repr__(self) -> str:
        state = self._state
        where = f" {state.site.outside.address()}" if state.site.outside.ports else ""
        if state.attached:
            return f"<{type(self).__name__} {state.name} attached{where}>"
        running = state.running
        alive = f" pid={running.pid} up={state.uptime:.1f}s" if running and state.phase in RUNNING else ""
        return f"<{type(self).__name__} {state.name} {state.phase}{where}{alive}>"


def instance_of(state: InstanceState) -> Instance:
    """The instance for a state, of the class that its service wants."""
    kind: type[Instance] = getattr(state.service, "instance_type", Instance)
    return kind(state)
