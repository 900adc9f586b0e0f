"""The Docker runtime: a container for each service, in a private network, reached through ports of 127.0.0.1."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from metricrig._core.errors import Unavailable
from metricrig._core.ports import LOOPBACK, foreign_listener
from metricrig.janitor.client import janitor
from metricrig.janitor.process_tree import descendants
from metricrig.placement import Addresses, Placement, Ports, shared_in
from metricrig.runtimes import Site, data_root, new_secret, viewed
from metricrig.runtimes.docker.container import Container
from metricrig.runtimes.docker.container_creation import ContainerFactory
from metricrig.runtimes.docker.create_arguments import in_words, user_of
from metricrig.runtimes.docker.data_directories import DataDirectories
from metricrig.runtimes.docker.engine.locality import reached_engine
from metricrig.runtimes.docker.exec_command import ExecCommand
from metricrig.runtimes.docker.images.choice import executable_in_image, image_of
from metricrig.runtimes.docker.images.image_users import user_in_image
from metricrig.runtimes.docker.images.provision import ensure_image
from metricrig.runtimes.docker.labels import labels
from metricrig.runtimes.docker.network import Network
from metricrig.runtimes.docker.removal import removal, remove_once
from metricrig.runtimes.port_reservations import Reservations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from metricrig.janitor.client import Janitor
    from metricrig.runtimes import Launch, Running, Runtime
    from metricrig.runtimes.docker.engine.locality import ReachedEngine
    from metricrig.service import Service
    from metricrig.tools import Executable, Image

_EVERYWHERE = "0.0.0.0"


class DockerRuntime:
    """Runs the services of one rig in containers."""

    name = "docker"

    def __init__(
        self, *, rig: str, directory: Path, janitor: Janitor, reached: ReachedEngine, guest: bool = False
    ) -> None:
        self.rig = rig
        self.directory = directory
        self._janitor = janitor
        self._reached = reached
        self._engine = engine = reached.engine
        self._guest = guest
        """Whether the rig's other services are processes: then all share the machine's loopback."""
        self._reservations = Reservations()
        self._labels = labels(rig, directory)
        self._network = Network(engine, f"metricrig-{rig}", self._labels)
        self._images: dict[str, tuple[Image, str]] = {}
        self._containers: dict[str, Container] = {}
        self._directories = DataDirectories(reached, rig, self._labels)
        self._factory = ContainerFactory(reached, rig, self._labels, self._directories, self._network_name)

    @classmethod
    def for_one(cls, *, rig: str, data: str | Path) -> Self:
        """For a rig of this process alone."""
        found = reached_engine()
        directory, ours = data_root.open_directory(rig, data)
        ours.charge(removal(found.engine.candidate, rig), ssh=found.engine.candidate.ssh)
        return cls(rig=rig, directory=directory, janitor=ours, reached=found)

    @classmethod
    def beside(cls, host: Runtime) -> Self:
        """For some services of a rig of processes: they share its directory, and the machine's loopback."""
        found, ours = reached_engine(), janitor()
        if not found.here or found.engine.rootless:
            raise Unavailable(
                "containers beside processes",
                reason=f"they share a machine's 127.0.0.1, and the engine's is not ours: {found.engine}",
                remedy='use an engine of this very machine, or containers for all of them: Rig(runtime="docker")',
            )
        ours.charge(removal(found.engine.candidate, host.rig), ssh=found.engine.candidate.ssh)
        return cls(rig=host.rig, directory=host.directory, janitor=ours, reached=found, guest=True)

    def place(self, service: Service) -> Site:
        """Its usual ports inside, reserved ones of 127.0.0.1 outside, and a directory at the same path for both."""
        if service.own_clock:
            raise Unavailable(
                f"a clock of its own for the container {service.name}",
                reason="what tells it the time is built for the C library of this machine, and an image has its own",
                remedy='run it as a process: Service(..., runtime="process"); or leave own_clock out',
            )
        if not self._guest:
            self._network.begin()
        outside = self._reservations.make(service)
        at = Placement(
            rig=self.rig,
            name=service.name,
            host=LOOPBACK if self._guest else _EVERYWHERE,
            port=outside if self._guest else _inside(service, outside),
            dir=self.directory / service.name,
            secret=new_secret(),
            common=shared_in(self.directory) if self._reached.files else None,
        )
        site = self._directories.owned(self._site(service, at, outside, self._directories.user(service)))
        return replace(site, disk=self._directories.disk(service, site))

    def move(self, service: Service, site: Site, port: str) -> Site:
        """Another number outside for a port that somebody else holds."""
        outside = Ports({**site.outside.ports, port: self._reservations.replace(service.name, port)})
        at = replace(site.at, port=outside) if self._guest else site.at
        return replace(self._site(service, at, outside, site.user), owner=site.owner, disk=site.disk)

    def provide(self, service: Service) -> Executable | None:
        """Have the image, and know what is in it."""
        try:
            image = image_of(self._engine, service)
            self._images[service.name] = image, ensure_image(self._engine, image)
            return executable_in_image(self._engine, service, *self._images[service.name], self._labels)
        except Unavailable as lacking:
            lacking.sought = service.tool if service.image is None else None
            raise

    def inhabit(self, service: Service, site: Site) -> Site:
        """A user whom the service names is one of its image."""
        if service.user is None:
            return site
        image, identity = self._images[service.name]
        user = user_in_image(self._engine, service, image=image.name, identity=identity, labels=self._labels)
        return self._directories.owned(replace(site, user=user))

    def program(self, word: str, environment: Mapping[str, str], executable: Executable | None) -> str:
        """The image's own PATH is not ours to search."""
        del environment, executable
        return word

    @property
    def surroundings(self) -> Mapping[str, str]:
        """Nothing of the test's environment: the image has its own."""
        return {}

    def unreserve(self, site: Site) -> bool:
        """Stop keeping its ports."""
        return self._reservations.give_up(site.at.name)

    def launch(self, site: Site, launch: Launch, on_exit: Callable[[Running], None] | None = None) -> Running:
        """A container; for a command beside a service that runs, a process in its container."""
        running = self._containers.get(site.at.name)
        if launch.beside and running is not None and not running.exited.is_set():
            command = ExecCommand(self._engine, running, here=self._reached.here)
            command.start(launch, in_words(user_of(self._engine, site)))
            return command
        container = self._factory.create(site, launch, self._images[site.at.name], on_exit)
        if not launch.beside:
            self._containers[site.at.name] = container
        container.start(launch, lambda: self.unreserve(site))
        return container

    def usurper(self, site: Site, running: Running) -> tuple[str, str] | None:
        """Somebody else who listens on one of its ports: in a private network only if that is why it did not start."""
        if not isinstance(running, Container) or not (running.blocked or self._guest):
            return None
        ours = [running.pid, *descendants(running.pid)] if running.pid and self._reached.here else []
        found = foreign_listener(site.outside.ports.values(), ours)
        names = [name for name, number in site.outside.ports.items() if found and number == found.port]
        return (names[0], str(found)) if names else None

    def adopting(self, path: Path) -> AbstractContextManager[None]:
        """Have a path outside the rig removed, should this process die within the block."""
        return self._janitor.adopting(path)

    def link_hosts(self) -> tuple[str, str]:
        """This machine's end of the private network; the loopback, where all share that."""
        return LOOPBACK, LOOPBACK if self._guest else self._network.gateway(here=self._reached.here)

    def wiped(self, site: Site) -> None:
        """What it has in a volume goes as well."""
        self._directories.wiped(site)

    def close(self, *, keep: bool) -> None:
        """Remove the network and whatever else has the rig's label, then the directory."""
        self.leave()
        data_root.close_directory(self._janitor, self.rig, self.directory, keep=keep)

    def leave(self) -> None:
        """Remove everything but the directory: that may be another runtime's."""
        self._reservations.give_up_all()
        self._network.settle()
        remove_once(self._engine.client, self.rig)

    def _network_name(self) -> str:
        """Empty where all share the machine's own."""
        return "" if self._guest else self._network.name()

    def _site(self, service: Service, at: Placement, outside: Ports, user: tuple[int, int] | None) -> Site:
        return Site(
            at=at,
            inside=viewed(at, Addresses(LOOPBACK if self._guest else at.name, at.port, ""), service.url),
            outside=viewed(at, Addresses(LOOPBACK, outside, ""), service.url),
            directory=at.dir,
            user=user,
        )


def _inside(service: Service, outside: Ports) -> Ports:
    """The usual numbers, as far as they can be told apart."""
    usual = list(service.usual_ports.values())
    return Ports(
        {
            name: number if number and usual.count(number) == 1 else outside[name]
            for name, number in service.usual_ports.items()
        }
    )
