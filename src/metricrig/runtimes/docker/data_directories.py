"""Whose a service's directory is, and whether a container has it by mounting it or in a volume."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from metricrig._core.errors import Unavailable
from metricrig.runtimes import make_directory
from metricrig.runtimes.docker.create_arguments import user_of
from metricrig.runtimes.docker.volume import Volume
from metricrig.runtimes.process_user import unprivileged

if TYPE_CHECKING:
    from metricrig.runtimes import Site
    from metricrig.runtimes.docker.engine.locality import ReachedEngine
    from metricrig.runtimes.own_disk import OwnDisk
    from metricrig.service import Service

UNPRIVILEGED_IDS = 65534, 65534


class DataDirectories:
    """Those of a rig's services."""

    def __init__(self, reached: ReachedEngine, rig: str, labels: dict[str, str]) -> None:
        self._reached = reached
        self._engine = reached.engine
        self._rig = rig
        self._labels = labels
        self._volumes: dict[str, Volume] = {}

    def user(self, service: Service) -> tuple[int, int] | None:
        """As whom it runs, as far as that is not a question to its image; None for ourselves."""
        if service.user is not None or not service.unprivileged:
            return None
        # Root of a rootless engine is not root here, but root all the same for a program.
        return UNPRIVILEGED_IDS if self._engine.rootless else unprivileged()

    def owned(self, site: Site) -> Site:
        """With its directory. Where that is handed over, it stays ours on our side."""
        owner = site.user if self._mounts(site) and not self._engine.rootless else None
        make_directory(site.directory, owner)
        return replace(site, owner=owner)

    def disk(self, service: Service, site: Site) -> OwnDisk | None:
        """What its directory lies on, if that is its own: mounted by us, and by the engine into the container."""
        size = service.limits.disk_bytes if service.limits else None
        if size is None:
            return None
        if os.geteuid() != 0 or not self._reached.here or not self._mounts(site):
            raise Unavailable(
                f"a disk of its own for the container {service.name}",
                reason="only root can mount one that an engine of this very machine sees",
                remedy="run the tests as root, or the service as a process; or leave Limits(disk=...) out",
            )
        from metricrig.runtimes.docker.engine_mounts import show  # noqa: PLC0415 - few services have one
        from metricrig.runtimes.own_disk import MountedDisk  # noqa: PLC0415 - see above

        disk = MountedDisk.on(site.directory, size)
        show(self._engine, site.directory)
        return disk

    def volume(self, site: Site) -> Volume | None:
        """What stands for its directory, where that cannot be mounted."""
        if self._mounts(site):
            return None
        name = site.at.name
        if name not in self._volumes:
            self._volumes[name] = Volume(self._engine, f"metricrig-{self._rig}-{name}", self._labels)
        return self._volumes[name]

    def wiped(self, site: Site) -> None:
        """Its directory has been emptied: so is the volume."""
        if (volume := self._volumes.get(site.at.name)) is not None:
            volume.empty()

    def _mounts(self, site: Site) -> bool:
        """Whether the engine has our files, and whoever it runs as may own them."""
        uid, _ = user_of(self._engine, site)
        if self._engine.rootless:  # its root is we, and nobody else in there is anybody here
            return self._reached.files and uid == 0
        return self._reached.files and os.geteuid() in {0, uid}
