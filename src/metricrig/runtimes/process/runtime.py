"""The process runtime: free ports of 127.0.0.1, directories of this machine, children of the janitor."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from metricrig._core import ports
from metricrig._core.errors import Unavailable
from metricrig.janitor.child import Order
from metricrig.janitor.process_tree import descendants
from metricrig.placement import Addresses, Placement, Ports, shared_in
from metricrig.runtimes import Site, data_root, make_directory, new_secret, viewed
from metricrig.runtimes.port_reservations import Reservations
from metricrig.runtimes.process.program_path import find_program
from metricrig.runtimes.process_user import process_user, require_way

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from metricrig.janitor.child import Child
    from metricrig.janitor.client import Janitor
    from metricrig.runtimes import Launch, Running
    from metricrig.runtimes.own_clock import OwnClock
    from metricrig.runtimes.own_disk import OwnDisk
    from metricrig.service import Service
    from metricrig.tools import Executable


def require_process(service: Service) -> None:
    """Refuse what a plain process cannot be held to."""
    if service.limits is not None and (service.limits.cpus or service.limits.memory):
        raise Unavailable(
            f"limits for {service.name}",
            reason="a process of this machine is held to none but that of its disk",
            remedy='run it in a container: Service(..., runtime="docker"), or Rig(runtime="docker")',
        )


class ProcessRuntime:
    """Runs the services of one rig as processes."""

    name = "process"

    def __init__(self, *, rig: str, directory: Path, janitor: Janitor) -> None:
        self.rig = rig
        self.directory = directory
        self._janitor = janitor
        self._reservations = Reservations()

    @classmethod
    def for_one(cls, *, rig: str, data: str | Path) -> Self:
        """For a rig of this process alone."""
        directory, ours = data_root.open_directory(rig, data)
        return cls(rig=rig, directory=directory, janitor=ours)

    def place(self, service: Service) -> Site:
        """Reserve a port for each that the service names, and a directory."""
        require_process(service)
        return self.site(service, self._reservations.make(service), new_secret())

    def site(self, service: Service, numbers: Ports, secret: str) -> Site:
        """Where it is with these ports; for those that another process has placed, there is nothing to reserve."""
        at = Placement(
            rig=self.rig,
            name=service.name,
            host=ports.LOOPBACK,
            port=numbers,
            dir=self.directory / service.name,
            secret=secret,
            common=shared_in(self.directory),
        )
        return self._site(service, at)

    def move(self, service: Service, site: Site, port: str) -> Site:
        """Another number for a port that somebody else holds."""
        number = self._reservations.replace(service.name, port)
        return self._site(service, replace(site.at, port=Ports({**site.at.port, port: number})))

    def inhabit(self, service: Service, site: Site) -> Site:
        """Nothing is left to decide: ``place`` knows this machine's users."""
        del service
        return site

    def provide(self, service: Service) -> Executable | None:
        """The executable of its tool, from the first source that can deliver it."""
        if service.tool is None:
            return None
        from metricrig.tools import obtain  # noqa: PLC0415 - a service without a tool needs none of it

        return obtain(service.tool, service.version)

    def program(self, word: str, environment: Mapping[str, str], executable: Executable | None) -> str:
        """A program of this machine."""
        return find_program(word, environment, executable)

    @property
    def surroundings(self) -> Mapping[str, str]:
        """The environment of the test."""
        return os.environ

    def unreserve(self, site: Site) -> bool:
        """Give the ports up, for a server that binds without SO_REUSEADDR."""
        return self._reservations.give_up(site.at.name)

    def launch(self, site: Site, launch: Launch, on_exit: Callable[[Running], None] | None = None) -> Running:
        """Have the janitor start it."""
        cwd = launch.cwd or Path.cwd()
        order = Order(
            rig=self.rig,
            name=site.at.name,
            argv=site.disk.command(launch.argv, cwd) if site.disk else launch.argv,
            cwd=cwd,
            env=site.clock.environment(launch.env, beside=launch.beside) if site.clock else launch.env,
            out=launch.out,
            err=launch.err,
            stdin=launch.stdin,
            user=site.user,
            stop_signal=launch.stop_signal,
            ports=site.at.port,
            service=not launch.beside,
        )
        return self._janitor.spawn(order, cast("Callable[[Child], None] | None", on_exit))

    def attach(self, pid: int, on_exit: Callable[[Running], None]) -> Running | None:
        """What another process that shares our janitor has launched; None if it does not run any more."""
        return self._janitor.attach(pid, cast("Callable[[Child], None]", on_exit))

    def wiped(self, site: Site) -> None:
        """There is nothing else."""

    def usurper(self, site: Site, running: Running) -> tuple[str, str] | None:
        """Somebody else who listens on one of its ports."""
        wanted = site.at.port
        if not wanted:
            return None
        found = ports.foreign_listener(wanted.values(), [running.pid])
        if found is not None:  # not the process itself, but perhaps one of its workers
            found = ports.foreign_listener(wanted.values(), [running.pid, *descendants(running.pid)])
        if found is None:
            return None
        return next(name for name, number in wanted.items() if number == found.port), str(found)

    def adopting(self, path: Path) -> AbstractContextManager[None]:
        """Have a path outside the rig removed, should this process die within the block."""
        return self._janitor.adopting(path)

    def link_hosts(self) -> tuple[str, str]:
        """All share one loopback."""
        return ports.LOOPBACK, ports.LOOPBACK

    def leave(self) -> None:
        """Let go of the ports."""
        self._reservations.give_up_all()

    def close(self, *, keep: bool) -> None:
        """Let go of the ports and have the directory removed."""
        self.leave()
        data_root.close_directory(self._janitor, self.rig, self.directory, keep=keep)

    def _site(self, service: Service, at: Placement) -> Site:
        addresses = viewed(at, Addresses(at.host, at.port, ""), service.url)
        user = process_user(service)
        make_directory(at.dir, user)
        if user is not None:
            require_way(at.dir, user)
        disk = self._disk(service, at)
        directory = disk.directory if disk else at.dir
        return Site(
            at=at,
            inside=addresses,  # one machine, one loopback
            outside=addresses,
            directory=directory,
            user=user,
            owner=user,
            disk=disk,
            clock=self._clock(service, at, user),
        )

    def _clock(self, service: Service, at: Placement, user: tuple[int, int] | None) -> OwnClock | None:
        if not service.own_clock:
            return None
        from metricrig.runtimes.own_clock import OwnClock  # noqa: PLC0415 - few services have one

        return OwnClock.on(service.name, at.dir, user)

    def _disk(self, service: Service, at: Placement) -> OwnDisk | None:
        """One that everybody sees, where we may mount; else in a namespace."""
        size = service.limits.disk_bytes if service.limits else None
        if size is None:
            return None
        from metricrig.runtimes.own_disk import MountedDisk  # noqa: PLC0415 - few services have one
        from metricrig.runtimes.process.private_disk import PrivateDisk  # noqa: PLC0415 - see above

        if os.geteuid() == 0:
            return MountedDisk.on(at.dir, size)
        return PrivateDisk.on(at.dir, size, self._janitor, self.rig)
