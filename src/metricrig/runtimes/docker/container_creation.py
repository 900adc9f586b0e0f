"""Making a container for one launch of a service: its network, ports, directory and limits, before it is started."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from docker.errors import APIError

from metricrig._core.errors import Unavailable, UsageError
from metricrig.runtimes.docker.container import Container
from metricrig.runtimes.docker.create_arguments import (
    ContainerSurroundings,
    create_arguments,
    names,
    needs_user_entry,
    user_of,
)
from metricrig.runtimes.docker.engine.errors import engine_message
from metricrig.runtimes.docker.published_ports import PublishedPorts
from metricrig.runtimes.docker.volume import give_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.runtimes import Launch, Running, Site
    from metricrig.runtimes.docker.data_directories import DataDirectories
    from metricrig.runtimes.docker.engine.locality import ReachedEngine
    from metricrig.tools import Image


@dataclass(frozen=True, slots=True)
class ContainerFactory:
    """Makes the containers of one rig. ``network`` answers with the private network's name, or an empty one."""

    reached: ReachedEngine
    rig: str
    labels: dict[str, str]
    directories: DataDirectories
    network: Callable[[], str]

    def create(
        self,
        site: Site,
        launch: Launch,
        image: tuple[Image, str],
        on_exit: Callable[[Running], None] | None,
    ) -> Container:
        """A container that is ready to be started; ``image`` comes with its id in the engine."""
        volume = self.directories.volume(site)
        network = self.network()
        ports = PublishedPorts(self.reached, {} if launch.beside or not network else _published(site))
        mount = volume.prepare(site) if volume else None
        surroundings = ContainerSurroundings(network, self.labels, ports.bindings, mount)
        created = self._create(surroundings, site, launch, image)
        if volume is not None:
            volume.used = volume.used or not launch.beside
            self._hand_over(created, site, launch)
        limits = launch.service.limits
        return Container(
            self.reached,
            created,
            ports,
            memory=limits.memory if limits else None,
            on_exit=on_exit,
            fetch=partial(volume.fetch, site=site) if volume and launch.beside else None,
        )

    def _create(self, surroundings: ContainerSurroundings, site: Site, launch: Launch, image: tuple[Image, str]) -> str:
        """Its id. A refusal of the arguments is the caller's error, whatever the engine: no reason to skip a test."""
        engine, (description, identity) = self.reached.engine, image
        arguments = create_arguments(engine, surroundings, site, launch, image=description, identity=identity)
        name = f"{self.rig}-{site.at.name}-{os.urandom(3).hex()}"
        try:
            return str(engine.client.create_container(name=name, **arguments)["Id"])
        except APIError as error:
            if error.status_code == HTTPStatus.BAD_REQUEST:
                raise UsageError(
                    f"{site.at.name}: the engine refuses such a container: {engine_message(error)}"
                ) from error
            raise Unavailable(
                f"a container for {site.at.name}",
                reason=f"the engine makes none: {engine_message(error)}",
                remedy=f"see whether the image {description.name} is still there, and what the engine's own log says;"
                " Podman needs catatonit for its init",
            ) from error

    def _hand_over(self, created: str, site: Site, launch: Launch) -> None:
        """Put into a volume what a mount would show."""
        engine, volume = self.reached.engine, self.directories.volume(site)
        assert volume is not None  # noqa: S101 - asked for only where there is one
        volume.give(created, site, user_of(engine, site))
        if needs_user_entry(launch.service):
            give_text(engine, created, "/etc/passwd", names(engine, site))


def _published(site: Site) -> dict[int, int]:
    """Numbers of this machine by those inside."""
    return {number: site.outside.ports[name] for name, number in site.at.port.items()}
