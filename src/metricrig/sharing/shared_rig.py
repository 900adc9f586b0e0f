"""A rig whose servers belong to several processes. The first to need one starts it, the others find it running.

Its directory holds the facts and a lock of each server, and the socket of its janitor. The janitor lives as long as the
owner (the process that the others work for), or until nobody has come for a while; a process that is killed takes
nothing with it but its own connection.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from metricrig._core.errors import MetricrigError, Unavailable
from metricrig._core.events import ServiceJoined, Stream, everything
from metricrig._core.leases import Lease
from metricrig._core.process_id import ProcessId
from metricrig.instance import instance_of
from metricrig.janitor import launcher
from metricrig.janitor.client import Janitor
from metricrig.lifecycle import start, stop
from metricrig.lifecycle.instance_state import PAUSED, READY, InstanceState
from metricrig.placement import Ports
from metricrig.runtimes import data_root, user_directory
from metricrig.runtimes.process import ProcessRuntime
from metricrig.sharing.fingerprint import fingerprint
from metricrig.sharing.server_facts import ServerFacts

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.instance import Instance
    from metricrig.service import Service
    from metricrig.tools import Executable

_LOCK_TIMEOUT_SECONDS = 60.0
"""How long another process's start is waited for, besides the time that the service itself may take."""


class SharedRig:
    """The servers that this process shares with others."""

    def __init__(self, directory: Path, janitor: Janitor, run: str) -> None:
        self.name = directory.name
        self.directory = directory
        self.run = run
        self.events = Stream(parent=everything)
        self._janitor = janitor
        self._runtime = ProcessRuntime(rig=self.name, directory=directory, janitor=janitor)
        self._instances: dict[str, Instance] = {}
        self._states: dict[str, InstanceState] = {}
        self._names: dict[tuple[str, str], str] = {}

    @classmethod
    def join(cls, name: str, *, data: str | Path, run: str, owner: ProcessId | None, linger: float) -> Self:
        """Join the shared rig of this name; the first to join makes it. ``linger`` counts where there is no owner."""
        directory = data_root.root_for(data) / name
        door = launcher.shared(directory, mode=user_directory.mode(), owner=owner, linger=linger)
        return cls(directory, Janitor(*door), run)

    def server(self, service: Service) -> Instance:
        """This server, ready: found, or started by us."""
        executable = self._runtime.provide(service)
        digest = fingerprint(service, executable)
        name = self._names.get((service.name, digest)) or self._meet(service, executable, digest)
        self.ensure(self._instances[name])
        return self._instances[name]

    def ensure(self, instance: Instance) -> None:
        """Have it ready again: after a death as a new one, at the same addresses, with an empty directory."""
        state = self._states[instance.name]
        instance.heal()
        if state.phase == PAUSED:
            instance.resume()
        if state.phase == READY and not state.gone:
            return
        with self._alone_with(state.name, state.service):
            facts = ServerFacts.read(self._path(state.name))
            if facts is None or not self._attach(state, facts):
                digest = facts.fingerprint if facts else fingerprint(state.service, state.executable)
                stop.stop_all([state])
                self._start(state, digest, facts)

    def leave(self) -> None:
        """Disconnect; the servers stay for the others."""
        self._part_with_instances()
        self._janitor.part()

    def dismiss(self, *, keep: bool = False) -> None:
        """Stop all servers and remove everything, whoever else is there; returns when nothing is left."""
        self._part_with_instances()
        self._janitor.dismiss(keep=keep)

    def _part_with_instances(self) -> None:
        """Disown all instances: that they end is not reported here any more."""
        for state in self._states.values():
            state.ending = True
        for instance in self._instances.values():
            instance.release()
        self._runtime.leave()

    def facts(self) -> list[ServerFacts]:
        """Of every server that was ever started here."""
        return [facts for path in sorted(self.directory.glob("*.facts")) if (facts := ServerFacts.read(path))]

    def _meet(self, service: Service, executable: Executable | None, digest: str) -> str:
        """Make the instance of this server, attached to or started; returns its name in this process."""
        # The service's own name, unless another server has that.
        for name in (service.name, f"{service.name}-{digest[:6]}"):
            with self._alone_with(name, service):
                facts = ServerFacts.read(self._path(name))
                if facts is None or facts.fingerprint == digest:
                    state = self._state(service.but(name=name), executable, facts)
                    if facts is None or not self._attach(state, facts):
                        self._start(state, digest, facts)
                    self._states[name], self._instances[name] = state, instance_of(state)
                    self._names[service.name, digest] = name
                    return name
        raise MetricrigError(f"{self.directory} has two servers {name} that differ; remove it")

    def _state(self, service: Service, executable: Executable | None, facts: ServerFacts | None) -> InstanceState:
        if facts is None:
            site = self._runtime.place(service)
        else:
            site = self._runtime.site(service, Ports(facts.ports), facts.secret)
        return InstanceState(service, self._runtime, self.name, self.events, site=site, executable=executable)

    def _attach(self, state: InstanceState, facts: ServerFacts) -> bool:
        """Attach to what another process has started; False if it does not run."""
        if facts.failure and facts.run == self.run:
            raise MetricrigError(f"{facts.failure}\n  (another process of this test run has tried to start it)")
        running = None
        if facts.process is not None and facts.process.alive:
            running = self._runtime.attach(facts.process.pid, state.on_exit)
        if running is None:
            return False
        state.adopt(running, command=facts.command, log_start=facts.log_start, ready_after=facts.seconds)
        if facts.run != self.run and not start.probe_of(state).ask(instance_of(state)):
            state.disown()  # an earlier run has left it, and it does not answer any more
            return False
        self.events.emit(
            ServiceJoined(rig=self.name, service=state.name, pid=running.pid, reused=facts.run != self.run)
        )
        return True

    def _start(self, state: InstanceState, digest: str, former: ServerFacts | None) -> None:
        """Start it with an empty directory, and tell the others what came of it."""
        self._janitor.ask({"op": "sweep", "name": state.name})
        start.wipe(state)
        facts = ServerFacts(
            fingerprint=digest,
            run=self.run,
            ports=dict(state.site.at.port),
            secret=state.site.at.secret,
            started=former.started if former else 0,
            spent=former.spent if former else 0.0,
        )
        try:
            start.start(state, instance_of(state))
        except Unavailable:
            raise  # another process says the same by itself, and is skipped for it
        except MetricrigError as error:
            replace(facts, failure=str(error)).write(self._path(state.name))
            raise
        running = state.require_running("sharing it")
        replace(
            facts,
            ports=dict(state.site.at.port),
            process=ProcessId.of(running.pid),
            command=state.command,
            log_start=state.log_start,
            seconds=state.ready_after or 0.0,
            started=facts.started + 1,
            spent=facts.spent + (state.ready_after or 0.0),
        ).write(self._path(state.name))

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.facts"

    def _alone_with(self, name: str, service: Service) -> Lease:
        """A lock within which no other process starts or looks for this server; that of a killed process is free."""
        try:
            return Lease.wait(self.directory / f"{name}.lock", within=service.start_within + _LOCK_TIMEOUT_SECONDS)
        except FileNotFoundError:
            raise MetricrigError(
                f"the servers of {self.name} are gone: {self.directory} has been removed, as it is when the process"
                f" that they belong to has ended"
            ) from None
