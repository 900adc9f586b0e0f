"""One isolated environment: it owns services, directories and ports, and leaves nothing behind."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Protocol, Self, TypeVar, overload

from metricrig._core import at_exit
from metricrig._core.arguments import seconds, text
from metricrig._core.errors import StartFailed, UsageError
from metricrig._core.events import RigClosed, RigClosing, RigOpened, Stream, everything
from metricrig._core.resource_limits import explained
from metricrig._core.user_code import cause_of
from metricrig.instance import Instance, instance_of
from metricrig.lifecycle import start_order, stop
from metricrig.lifecycle.active_faults import ActiveFaults
from metricrig.lifecycle.instance_state import CLOSED, InstanceState
from metricrig.lifecycle.parallel_start import start_together
from metricrig.placement import shared_in
from metricrig.rig_faults import RigFaults
from metricrig.rig_instances import RigInstances
from metricrig.runtimes.runtime_names import PROCESS, RigRuntimes
from metricrig.service import require_service
from metricrig.service_fields import check_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
    from types import TracebackType

    from metricrig.service import Service
    from metricrig.tools import Executable

I_co = TypeVar("I_co", bound=Instance, covariant=True)


class Makes(Protocol[I_co]):
    """A service whose instances can do more than others: it says what class they are."""

    @property
    def instance_type(self) -> type[I_co]:
        """The class of its instances."""


class Rig(RigFaults):
    """An environment for services. As a context manager it closes itself, whatever happens.

    ``data`` says where directories lie: "auto" (memory where that is safe), "tmpfs", "disk" or a path.
    ``keep`` leaves them when the rig is closed; ``METRICRIG_DATA`` and ``METRICRIG_KEEP`` set the defaults.
    """

    def __init__(
        self,
        name: str = "rig",
        *,
        runtime: str | None = None,
        data: str | Path | None = None,
        keep: bool | None = None,
    ) -> None:
        check_name("a rig's name", name)
        data = data if data is not None else os.environ.get("METRICRIG_DATA", "auto")
        runtime = runtime if runtime is not None else os.environ.get("METRICRIG_RUNTIME", PROCESS)
        text("Rig", "runtime", runtime, 'runtime="docker"')
        text("Rig", "data", os.fspath(data) if isinstance(data, os.PathLike) else data, 'data="disk"')
        self.name = name
        self.id = f"{name}-{os.urandom(4).hex()}"
        self.keep = bool(os.environ.get("METRICRIG_KEEP")) if keep is None else keep
        self.events = Stream(parent=everything)
        self._began = time.monotonic()
        self._owner = os.getpid()
        self._lock = threading.RLock()
        super().__init__(ActiveFaults(self.id, self.events), RigInstances(), self._lock)
        self._closed = False
        with explained(f"the rig {name!r}"):
            self._runtimes = RigRuntimes(runtime, rig=self.id, data=data)
        at_exit.close_at_exit(self)
        self.events.emit(RigOpened(rig=self.id, directory=str(self.directory)))

    @overload
    def add(self, service: Makes[I_co], *, name: str | None = None) -> I_co: ...
    @overload
    def add(self, service: Service, *, name: str | None = None) -> Instance: ...
    def add(self, service: Service | Makes[I_co], *, name: str | None = None) -> Instance:
        """Add a service under its own or another name. Its addresses are known from now on; it starts later."""
        self._require_open()
        service = require_service("add", service)
        with self._lock:
            service = self._instances.named(service, name)
            with explained(f"a place for {service.name}"):
                runtime = self._runtimes.of(service.runtime)
                state = InstanceState(service, runtime, self.id, self.events, faults=self._faults)
            return self._instances.add(state)

    @overload
    def attach(self, service: Makes[I_co], url: str, *, name: str | None = None) -> I_co: ...
    @overload
    def attach(self, service: Service, url: str, *, name: str | None = None) -> Instance: ...
    def attach(self, service: Service | Makes[I_co], url: str, *, name: str | None = None) -> Instance:
        """Use a server that somebody else runs at this URL; it answers as what it is said to be, or this is an error.

        It has what an instance has that was added, ``isolated()`` above all, and needs no start. The rig never stops
        it: ``stop``, ``kill``, ``pause``, ``logs`` and the like are refused.
        """
        from metricrig.lifecycle.attach import attach, require_answer  # noqa: PLC0415 - few rigs have one

        self._require_open()
        service = require_service("attach", service)
        text("rig.attach", "url", url, 'rig.attach(Redis(), "redis://127.0.0.1:6379")')
        with self._lock:
            service = self._instances.named(service, name)
            state = attach(service, url, self._runtimes.main, self.id, self.events)
            instance = instance_of(state)
            try:
                require_answer(state, instance)
            except BaseException:
                instance.release()
                raise
            return self._instances.add(state, instance)

    def start(self, *instances: Instance) -> None:
        """Start these instances (all, unless some are named) and what they need; returns when all are ready.

        What is independent starts in parallel. If one fails, those that this call has started are stopped again
        and ``StartFailed`` tells of each.
        """
        self._require_open()
        self._instances.require_own(instances)
        self._instances.require_foreign_needs()
        needs = self._instances.needs()
        start_order.sorter(needs)  # circles and unknown names are refused before anything runs
        wanted = start_order.with_needs([each.name for each in instances] or needs, needs)
        running = self._instances.running(needs)
        todo = [name for name in needs if name in wanted and name not in running]
        try:
            failures = start_together(start_order.among(needs, todo), self._start_one)
        except BaseException:
            self._stop(self._instances.running(todo))
            raise
        if failures:
            started = self._instances.running(todo)
            self._stop(started)
            raise StartFailed(self.name, failures, stopped=started) from cause_of(failures.values())

    def stop(self, within: float | None = None) -> None:
        """Stop all services, those that need others first. The rig stays open: ``start`` starts them again."""
        self._require_open()
        self._stop(self._instances.states, within)

    def close(self) -> None:
        """Stop everything, remove everything. Closing twice is fine, and so is closing in a forked child."""
        with self._lock:
            if self._closed or os.getpid() != self._owner:
                return
            self._closed = True
        self.events.emit(RigClosing(rig=self.id))
        at_exit.closed(self)
        try:
            try:
                self._faults.heal_all()
            finally:
                self._stop(self._instances.states)
        finally:
            self._close_links()
            for instance in self._instances:
                instance.release()
            for state in self._instances.states.values():
                state.phase = CLOSED
            self._runtimes.close(keep=self.keep)
        kept = str(self.directory) if self.keep else None
        self.events.emit(RigClosed(rig=self.id, seconds=time.monotonic() - self._began, kept=kept))

    def provide(self, service: Service) -> Executable | None:
        """The executable that a service would run here, found or fetched; None if it names a program itself."""
        service = require_service("provide", service)
        return self._runtimes.of(service.runtime).provide(service)

    @property
    def directory(self) -> Path:
        """Where all files of this rig are."""
        return self._runtimes.main.directory

    @property
    def shared(self) -> Path:
        """A directory that the test and all services have: ``{shared}`` in a command. It goes with the rig."""
        return shared_in(self.directory)

    @property
    def runtime(self) -> str:
        """Where its services run, unless one says otherwise: "process" or "docker"."""
        return self._runtimes.main.name

    def __getitem__(self, name: str) -> Instance:
        """The instance of this name."""
        return self._instances[name]

    def __iter__(self) -> Iterator[Instance]:
        """All instances, in the order in which they were added."""
        return iter(self._instances)

    def __len__(self) -> int:
        return len(self._instances)

    def __contains__(self, name: object) -> bool:
        return name in self._instances

    def __enter__(self) -> Self:
        self._require_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else self.runtime
        return f"<Rig {self.id} {state}: {', '.join(f'{i.name} {i.state}' for i in self) or 'empty'}>"

    def _start_one(self, name: str, abandoned: threading.Event) -> None:
        self._instances[name].start_unless(abandoned)

    def _stop(self, names: Collection[str], within: float | None = None) -> None:
        """Stop those of the names that run and are ours, who needs others before them."""
        if within is not None:
            seconds("rig.stop", "within", within)
        states = self._instances.states
        running = [name for name in names if states[name].running is not None and not states[name].attached]
        waves = start_order.stop_waves(start_order.among(self._instances.needs(), running))
        stop.stop_in_waves([[states[name] for name in wave] for wave in waves], within)

    def _require_open(self) -> None:
        if self._closed:
            raise UsageError(f"the rig {self.name!r} is closed; make a new one, or use it inside its with block")


def open_rigs() -> list[Rig]:
    """Every rig of this process that has not been closed."""
    return [each for each in at_exit.still_open() if isinstance(each, Rig)]
