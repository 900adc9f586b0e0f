"""One isolated environment: it owns services, directories and ports, and leaves nothing behind."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, overload

from metricrig._core import at_exit
from metricrig._core.arguments import seconds, text
from metricrig._core.errors import StartFailed, UsageError
from metricrig._core.events import RigClosed, RigClosing, RigOpened, Stream, everything
from metricrig._core.resource_limits import explained
from metricrig._core.user_code import cause_of
from metricrig.instance import Instance, instance_of
from metricrig.lifecycle import start_order, stop
from metricrig.lifecycle.active_faults import ActiveFaults
from metricrig.lifecycle.instance_state import CLOSED, RUNNING, InstanceState
from metricrig.lifecycle.parallel_start import start_together
from metricrig.placement import shared_in
from metricrig.runtimes.runtime_names import PROCESS, new_guest, new_runtime
from metricrig.service import require_service
from metricrig.service_fields import check_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from metricrig.runtimes import Runtime
    from metricrig.service import Service
    from metricrig.tools import Executable

I_co = TypeVar("I_co", bound=Instance, covariant=True)


class Makes(Protocol[I_co]):
    """A service whose instances can do more than others: it says what class they are."""

    @property
    def instance_type(self) -> type[I_co]:
        """The class of its instances."""


class Rig:
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
        text("Rig", "data", os.fspath(data) if isinstance(data, os.PathLike) else data, 'data="disk"')
        self.name = name
        self.id = f"{name}-{os.urandom(4).hex()}"
        self.keep = bool(os.environ.get("METRICRIG_KEEP")) if keep is None else keep
        self.events = Stream(parent=everything)
        self._faults = ActiveFaults(self.id, self.events)
        self._began = time.monotonic()
        self._owner = os.getpid()
        self._states: dict[str, InstanceState] = {}
        self._instances: dict[str, Instance] = {}
        self._closed = False
        self._lock = threading.RLock()
        with explained(f"the rig {name!r}"):
            self._runtime: Runtime = new_runtime(
                text("Rig", "runtime", runtime, 'runtime="docker"'), rig=self.id, data=data
            )
        self._guests: dict[str, Runtime] = {}
        """Runtimes of services that run elsewhere than the rest."""
        at_exit.close_at_exit(self)
        self.events.emit(RigOpened(rig=self.id, directory=str(self._runtime.directory)))

    @overload
    def add(self, service: Makes[I_co], *, name: str | None = None) -> I_co: ...
    @overload
    def add(self, service: Service, *, name: str | None = None) -> Instance: ...
    def add(self, service: Service | Makes[I_co], *, name: str | None = None) -> Instance:
        """Add a service under its own or another name. Its addresses are known from now on; it starts later."""
        self._require_open()
        service = require_service("add", service)
        with self._lock:
            service = self._named(service, name)
            with explained(f"a place for {service.name}"):
                state = InstanceState(service, self._runtime_of(service), self.id, self.events, faults=self._faults)
            instance = instance_of(state)
            self._states[service.name], self._instances[service.name] = state, instance
            return instance

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
            service = self._named(service, name)
            state = attach(service, url, self._runtime, self.id, self.events)
            instance = instance_of(state)
            try:
                require_answer(state, instance)
            except BaseException:
                instance.release()
                raise
            self._states[service.name], self._instances[service.name] = state, instance
            return instance

    def start(self, *instances: Instance) -> None:
        """Start these instances (all, unless some are named) and what they need; returns when all are ready.

        What is independent starts in parallel. If one fails, those that this call has started are stopped again
        and ``StartFailed`` tells of each.
        """
        self._require_open()
        self._require_own(instances)
        self._require_foreign_needs()
        needs = self._needs()
        start_order.sorter(needs)  # circles and unknown names are refused before anything runs
        wanted = start_order.with_needs([each.name for each in instances] or needs, needs)
        todo = [name for name in needs if name in wanted and self._states[name].phase not in RUNNING]
        try:
            failures = start_together(start_order.among(needs, todo), self._start_one)
        except BaseException:
            self._stop(self._running(todo))
            raise
        if failures:
            started = self._running(todo)
            self._stop(started)
            raise StartFailed(self.name, failures, stopped=started) from cause_of(failures.values())

    def stop(self, within: float | None = None) -> None:
        """Stop all services, those that need others first. The rig stays open: ``start`` starts them again."""
        self._require_open()
        self._stop(self._states, within)

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
                self._stop(self._states)
        finally:
            for instance in self._instances.values():
                instance.release()
            for state in self._states.values():
                state.phase = CLOSED
            for guest in self._guests.values():
                guest.leave()
            self._runtime.close(keep=self.keep)
        kept = str(self._runtime.directory) if self.keep else None
        self.events.emit(RigClosed(rig=self.id, seconds=time.monotonic() - self._began, kept=kept))

    def provide(self, service: Service) -> Executable | None:
        """The executable that a service would run here, found or fetched; None if it names a program itself."""
        return self._runtime_of(require_service("provide", service)).provide(service)

    @property
    def directory(self) -> Path:
        """Where all files of this rig are."""
        return self._runtime.directory

    @property
    def shared(self) -> Path:
        """A directory that the test and all services have: ``{shared}`` in a command. It goes with the rig."""
        return shared_in(self._runtime.directory)

    @property
    def runtime(self) -> str:
        """Where its services run, unless one says otherwise: "process" or "docker"."""
        return self._runtime.name

    def __getitem__(self, name: str) -> Instance:
        """The instance of this name."""
        try:
            return self._instances[name]
        except (KeyError, TypeError):
            raise UsageError(
                f"this rig has no {name!r}{start_order.did_you_mean(str(name), self._instances)}"
            ) from None

    def __iter__(self) -> Iterator[Instance]:
        """All instances, in the order in which they were added."""
        return iter(list(self._instances.values()))

    def __len__(self) -> int:
        return len(self._instances)

    def __contains__(self, name: object) -> bool:
        return name in list(self._instances)

    def __enter__(self) -> Self:
        self._require_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else self._runtime.name
        return f"<Rig {self.id} {state}: {', '.join(f'{i.name} {i.state}' for i in self) or 'empty'}>"

    def _runtime_of(self, service: Service) -> Runtime:
        """Where a service runs: where the rig does, unless it says something else."""
        wanted = service.runtime or self._runtime.name
        if wanted == self._runtime.name:
            return self._runtime
        if wanted not in self._guests:
            self._guests[wanted] = new_guest(wanted, self._runtime)
        return self._guests[wanted]

    def _named(self, service: Service, name: str | None) -> Service:
        """The service under the name that it has here, which no other has."""
        service = service if name is None else service.but(name=name)
        if service.name in self._states:
            raise UsageError(
                f"this rig has a {service.name!r} already\n"
                f"  give the second one a name of its own: rig.add(..., name={service.name + '-2'!r})",
            )
        return service

    def _start_one(self, name: str, abandoned: threading.Event) -> None:
        self._instances[name].start_unless(abandoned)

    def _running(self, names: Collection[str]) -> list[str]:
        return [name for name in names if self._states[name].phase in RUNNING]

    def _require_own(self, instances: Sequence[Any]) -> None:
        """Refuse to start what is not an instance, or not one of this rig: it would be left out without a word."""
        for each in instances:
            if not isinstance(each, Instance):
                right = f"rig.start(rig[{each!r}])" if isinstance(each, str) else "rig.start(redis, shop)"
                raise UsageError(
                    f"rig.start takes instances, not {each!r}\n  what works: {right}, or rig.start() for all"
                )
            if self._instances.get(each.name) is not each:
                raise UsageError(f"rig.start: {each!r} is of the rig {each.rig}; start it there: {each.name}.start()")

    def _needs(self) -> dict[str, tuple[str, ...]]:
        """Who needs whom in this rig."""
        needs = {}
        for name, state in self._states.items():
            own = [each for each in state.service.needs if each not in self._foreign_needs(state)]
            needs[name] = tuple(each if isinstance(each, str) else each.name for each in own)
        return needs

    def _foreign_needs(self, state: InstanceState) -> list[Instance]:
        """Instances of other rigs that it needs, such as a server that a whole test session shares."""
        instances = [each for each in state.service.needs if isinstance(each, Instance)]
        return [each for each in instances if self._instances.get(each.name) is not each]

    def _require_foreign_needs(self) -> None:
        """What belongs to another rig is not ours to start."""
        for state in self._states.values():
            for need in self._foreign_needs(state):
                if need.state not in RUNNING:
                    raise UsageError(
                        f"{state.name} needs {need.name} of another rig, which is {need.state}: start it first"
                    )

    def _stop(self, names: Collection[str], within: float | None = None) -> None:
        """Stop in waves; a wave that fails does not keep the others running."""
        if within is not None:
            seconds("rig.stop", "within", within)
        errors: list[BaseException] = []
        running = [name for name in names if self._states[name].running is not None and not self._states[name].attached]
        for wave in start_order.stop_waves(start_order.among(self._needs(), running)):
            try:
                stop.stop_all([self._states[name] for name in wave], within)
            except Exception as error:  # noqa: BLE001 - raised below, when all have been stopped
                errors.append(error)
        if errors:
            raise errors[0]

    def _require_open(self) -> None:
        if self._closed:
            raise UsageError(f"the rig {self.name!r} is closed; make a new one, or use it inside its with block")


def open_rigs() -> list[Rig]:
    """Every rig of this process that has not been closed."""
    return [each for each in at_exit.still_open() if isinstance(each, Rig)]
