"""What an engine is told of a container to be made: plain data, from a site and a launch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docker.types import LogConfig

from metricrig._core.ports import LOOPBACK
from metricrig.runtimes.docker.labels import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from metricrig.runtimes import Launch, Site
    from metricrig.runtimes.docker.engine import Engine


@dataclass(frozen=True, slots=True)
class Room:
    """Where containers of a rig are: in a network of its own, or (an empty name) in the machine's."""

    network: str
    labels: dict[str, str]


def user_of(engine: Engine, site: Site) -> str:
    """The same user as outside, so that the files in its directory are his; in a rootless engine that is its root."""
    uid, gid = (0, 0) if engine.rootless else site.user or (os.geteuid(), os.getegid())
    return f"{uid}:{gid}"


def describe(
    engine: Engine, room: Room, site: Site, launch: Launch, *, image: str, platform: str | None
) -> dict[str, Any]:
    """The arguments of ``create_container``."""
    first, *words = launch.argv
    published = {} if launch.beside or not room.network else _published(site)
    networks: Any = {
        room.network: engine.client.create_endpoint_config(aliases=None if launch.beside else [site.at.name])
    }
    return {
        "image": image,
        "entrypoint": [first],
        "command": words,
        "environment": dict(launch.env),
        "working_dir": str(launch.cwd) if launch.cwd else None,
        "user": user_of(engine, site),
        "labels": {**room.labels, SERVICE: site.at.name},
        "ports": list(published),
        "stdin_open": launch.stdin is not None,
        "stop_signal": str(int(launch.stop_signal)),
        "healthcheck": {"test": ["NONE"]},  # readiness is asked from outside
        "platform": platform,
        "networking_config": engine.client.create_networking_config(networks) if room.network else None,
        "host_config": engine.client.create_host_config(
            binds=_binds(engine, site, launch),
            port_bindings={number: (LOOPBACK, outside) for number, outside in published.items()},
            network_mode=room.network or "host",
            init=engine.has_init or None,
            # Its output goes into the rig's own file: the engine need not keep it a second time.
            log_config=LogConfig(type=LogConfig.types.NONE),
            **_limits(launch),
        ),
    }


def _published(site: Site) -> Mapping[int, int]:
    """Its own numbers, and those of this machine."""
    return {number: site.outside.ports[name] for name, number in site.at.port.items()}


def _binds(engine: Engine, site: Site, launch: Launch) -> list[str]:
    """Its directory at the same path, and for a program that wants to know its user's name, names."""
    binds = [f"{site.directory}:{site.directory}:rw"]
    if launch.service.unprivileged and not _is_name(launch.service.user):
        binds.append(f"{_names_for(engine, site)}:/etc/passwd:ro")
    return binds


def _is_name(user: str | None) -> bool:
    """Whether it is a name that the image itself knows."""
    return user is not None and not user.partition(":")[0].isdecimal()


def _names_for(engine: Engine, site: Site) -> Path:
    """A list of users in which the one that it runs as has a name: initdb and memcached refuse to be nobody."""
    path = site.directory.with_name(f"{site.directory.name}.users")
    if not path.exists():
        uid, gid = user_of(engine, site).split(":")
        path.write_text(
            f"root:x:0:0::/root:/bin/sh\nservice:x:{uid}:{gid}::{site.directory}:/bin/sh\n", encoding="ascii"
        )
        path.chmod(0o644)
    return path


def _limits(launch: Launch) -> dict[str, Any]:
    limits, found = launch.service.limits, {}
    if limits is not None and limits.cpus is not None:
        found["nano_cpus"] = int(limits.cpus * 1_000_000_000)
    if limits is not None and limits.memory is not None:
        found |= {"mem_limit": limits.memory, "memswap_limit": limits.memory}
    return found
