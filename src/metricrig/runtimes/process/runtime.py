"""The process runtime: free ports of 127.0.0.1, directories of this machine, children of the janitor."""

from __future__ import annotations

import base64
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Self, cast

from metricrig._core import ports
from metricrig.janitor.child import Order
from metricrig.janitor.client import JanitorLost, janitor
from metricrig.janitor.family import descendants
from metricrig.placement import Addresses, Placement, Ports
from metricrig.runtimes import Site, viewed
from metricrig.runtimes.process import places
from metricrig.runtimes.process.users import require_way, unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from metricrig.janitor.child import Child
    from metricrig.janitor.client import Janitor
    from metricrig.runtimes import Launch, Running
    from metricrig.service import Service


class ProcessRuntime:
    """Runs the services of one rig as processes."""

    name = "process"

    def __init__(self, *, rig: str, directory: Path, janitor: Janitor) -> None:
        self.rig = rig
        self.directory = directory
        self._janitor = janitor
        self._reservations: dict[str, dict[str, ports.Reservation]] = {}

    @classmethod
    def for_one(cls, *, rig: str, data: str | Path) -> Self:
        """For a rig of this process alone."""
        directory, ours = places.root_for(data) / rig, janitor()
        # The janitor hears of the directory before it exists: there is no moment at which it could be left behind.
        ours.open_rig(rig, directory, places.mode())
        places.make_private(directory)
        return cls(rig=rig, directory=directory, janitor=ours)

    def place(self, service: Service) -> Site:
        """Reserve a port for each that the service names, and a directory."""
        reservations = {name: ports.Reservation() for name in service.ports}
        self._reservations[service.name] = reservations
        numbers = Ports({name: each.port for name, each in reservations.items()})
        secret = base64.urlsafe_b64encode(os.urandom(18)).decode()  # as secrets does, without its 5 ms
        return self.site(service, numbers, secret)

    def site(self, service: Service, numbers: Ports, secret: str) -> Site:
        """Where it is with these ports; for those that another process has placed, there is nothing to reserve."""
        at = Placement(
            rig=self.rig,
            name=service.name,
            host=ports.LOOPBACK,
            port=numbers,
            dir=self.directory / service.name,
            secret=secret,
        )
        return self._site(service, at)

    def move(self, service: Service, site: Site, port: str) -> Site:
        """Another number for a port that somebody else holds."""
        reservations = self._reservations[service.name]
        reservations[port].release()
        reservations[port] = ports.Reservation()
        return self._site(service, replace(site.at, port=Ports({**site.at.port, port: reservations[port].port})))

    def unreserve(self, site: Site) -> bool:
        """Give the ports up, for a server that binds without SO_REUSEADDR."""
        held = [each for each in self._reservations.get(site.at.name, {}).values() if each.held]
        for each in held:
            each.release()
        return bool(held)

    def launch(self, site: Site, launch: Launch, on_exit: Callable[[Running], None] | None = None) -> Running:
        """Have the janitor start it."""
        order = Order(
            rig=self.rig,
            name=site.at.name,
            argv=launch.argv,
            cwd=launch.cwd,
            env=launch.env,
            out=launch.out,
            err=launch.err,
            stdin=launch.stdin,
            user=site.user,
            stop_signal=launch.stop_signal,
            ports=site.at.port,
            service=launch.service,
        )
        return self._janitor.spawn(order, cast("Callable[[Child], None] | None", on_exit))

    def attach(self, pid: int, on_exit: Callable[[Running], None]) -> Running | None:
        """What another process that shares our janitor has launched; None if it does not run any more."""
        return self._janitor.attach(pid, cast("Callable[[Child], None]", on_exit))

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

    def release(self) -> None:
        """Let go of the ports."""
        for reservations in self._reservations.values():
            for each in reservations.values():
                each.release()

    def close(self, *, keep: bool) -> None:
        """Let go of the ports and have the directory removed."""
        self.release()
        try:
            why = self._janitor.close_rig(self.rig, keep=keep)
        except JanitorLost:
            # Somebody killed it: we do its work ourselves, and whoever asked it for something has been told.
            from metricrig.janitor import registry  # noqa: PLC0415 - 8 ms that nobody else has to spend

            why = registry.reap(registry.read(self.directory)).failure
        if why is not None:
            raise OSError(f"{self.directory} could not be removed: {why}")

    def _site(self, service: Service, at: Placement) -> Site:
        addresses = viewed(at, Addresses(at.host, at.port, ""), service.url)
        user = unprivileged() if service.unprivileged else None
        at.dir.mkdir(mode=0o700, exist_ok=True)
        if user is not None:
            require_way(at.dir, user)
            os.chown(at.dir, *user)
        # One machine, one loopback: who is inside and who is outside see the same.
        return Site(at=at, inside=addresses, outside=addresses, directory=at.dir, user=user)
