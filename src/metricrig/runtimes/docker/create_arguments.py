"""What an engine is told of a container to be made: plain data, from a site and a launch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docker.types import LogConfig

from metricrig.runtimes.docker.labels import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from docker.types import Mount

    from metricrig.runtimes import Launch, Site
    from metricrig.runtimes.docker.engine.connection import ContainerEngine
    from metricrig.service import Service
    from metricrig.tools import Image


@dataclass(frozen=True, slots=True)
class ContainerSurroundings:
    """Where a container is: in the rig's own network, or (an empty name) in the machine's."""

    network: str
    labels: dict[str, str]
    bindings: Mapping[int | str, Any]
    """Where its ports are published."""
    volume: Mount | None
    """Its directory, where that is not one of ours."""


def user_of(engine: ContainerEngine, site: Site) -> tuple[int, int]:
    """The same user as outside, so that the files in its directory are his; in a rootless engine that is its root."""
    return site.user or ((0, 0) if engine.rootless else (os.geteuid(), os.getegid()))


def create_arguments(
    engine: ContainerEngine,
    surroundings: ContainerSurroundings,
    site: Site,
    launch: Launch,
    *,
    image: Image,
    identity: str,
) -> dict[str, Any]:
    """The arguments of ``create_container``."""
    first, *words = launch.argv
    networks: Any = {
        surroundings.network: engine.client.create_endpoint_config(aliases=None if launch.beside else [site.at.name])
    }
    return {
        "image": identity,
        "entrypoint": [first],
        "command": words,
        "environment": dict(launch.env),
        "working_dir": str(launch.cwd) if launch.cwd else None,
        "user": in_words(user_of(engine, site)),
        "labels": {**surroundings.labels, SERVICE: site.at.name},
        "ports": list(surroundings.bindings),
        "stdin_open": launch.stdin is not None,
        "stop_signal": str(int(launch.stop_signal)),
        "healthcheck": {"test": ["NONE"]},  # readiness is asked from outside
        "platform": image.platform,
        "networking_config": engine.client.create_networking_config(networks) if surroundings.network else None,
        "host_config": engine.client.create_host_config(
            binds=_binds(engine, surroundings, site, launch),
            mounts=[surroundings.volume] if surroundings.volume else None,
            port_bindings=surroundings.bindings,
            network_mode=surroundings.network or "host",
            init=engine.has_init or None,
            # Its output goes into the rig's own file: the engine need not keep it a second time.
            log_config=LogConfig(type=LogConfig.types.NONE),
            **_limits(launch),
        ),
    }


def in_words(user: tuple[int, int]) -> str:
    """As an engine wants it."""
    return f"{user[0]}:{user[1]}"


def _binds(engine: ContainerEngine, surroundings: ContainerSurroundings, site: Site, launch: Launch) -> list[str]:
    """Its directory and the rig's at the same paths; for a program that wants to know its user's name, names."""
    binds = [f"{site.at.common}:{site.at.common}:rw"] if site.at.common else []
    if surroundings.volume:
        return binds
    binds.append(f"{site.directory}:{site.directory}:rw")
    if needs_user_entry(launch.service):
        binds.append(f"{_names_for(engine, site)}:/etc/passwd:ro")
    return binds


def needs_user_entry(service: Service) -> bool:
    """Whether its user has to have a name: initdb and memcached refuse to be nobody."""
    return service.unprivileged and not _is_name(service.user)


def names(engine: ContainerEngine, site: Site) -> str:
    """A list of users in which the one that it runs as has a name."""
    uid, gid = user_of(engine, site)
    return f"root:x:0:0::/root:/bin/sh\nservice:x:{uid}:{gid}::{site.directory}:/bin/sh\n"


def _is_name(user: str | None) -> bool:
    """Whether it is a name that the image itself knows."""
    return user is not None and not user.partition(":")[0].isdecimal()


def _names_for(engine: ContainerEngine, site: Site) -> Path:
    """A file with that list."""
    path = site.directory.with_name(f"{site.directory.name}.users")
    if not path.exists():
        path.write_text(names(engine, site), encoding="ascii")
        path.chmod(0o644)
    return path


def _limits(launch: Launch) -> dict[str, Any]:
    limits, found = launch.service.limits, {}
    if limits is not None and limits.cpus is not None:
        found["nano_cpus"] = int(limits.cpus * 1_000_000_000)
    if limits is not None and limits.memory is not None:
        found |= {"mem_limit": limits.memory, "memswap_limit": limits.memory}
    return found
