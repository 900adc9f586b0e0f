"""What of an engine is ours: its files, its 127.0.0.1, its processes. Found out, not guessed from its address."""

from __future__ import annotations

import functools
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from docker.errors import APIError, ImageNotFound
from docker.types import Mount

from metricrig._core.errors import Unavailable
from metricrig.runtimes import data_root
from metricrig.runtimes.docker.engine.connection import engine
from metricrig.runtimes.docker.engine.port_routes import SameMachine, SshForwarding, TcpRelaying

if TYPE_CHECKING:
    from metricrig.runtimes.docker.engine.connection import ContainerEngine
    from metricrig.runtimes.docker.engine.port_routes import PortRoute

_MARKER = ".metricrig-marker"


@dataclass(frozen=True, slots=True)
class ReachedEngine:
    """An engine, and what of it is ours."""

    engine: ContainerEngine
    route: PortRoute
    here: bool
    """Whether its 127.0.0.1 and its processes are ours."""
    files: bool
    """Whether it sees our files."""

    def __str__(self) -> str:
        where = "" if self.here else ", on another machine"
        return f"{self.engine}{where}{'' if self.files else ', directories in volumes'}"


def reached_engine() -> ReachedEngine:
    """The user's engine and the way to it, if it is one that this runtime can work with."""
    found = engine()
    if found.rootless and os.geteuid() == 0 and found.url.startswith("unix://"):
        raise Unavailable(
            "containers of somebody else's rootless engine",
            reason=f"it cannot read what root writes: {found}",
            remedy="run the tests as the user whose engine it is",
        )
    return reach(found)


@functools.lru_cache(maxsize=16)
def reach(found: ContainerEngine) -> ReachedEngine:
    """Find out how its ports and files are to be had."""
    if found.tunnel is not None:
        return ReachedEngine(found, SshForwarding(found.tunnel), here=False, files=False)
    if found.url.startswith("tcp://"):
        files, network = sees_our_files(found, data_root.root_for("auto")), shares_our_network(found)
        if network:
            return ReachedEngine(found, SameMachine(), here=True, files=files)
        return ReachedEngine(found, TcpRelaying(_address(found)), here=False, files=False)
    if found.host != _here():
        raise Unavailable(
            "containers of an engine elsewhere",
            reason=f"a socket of ours leads to it, but not to its ports: it is on {found.host}, and we are on"
            f" {_here()}; {found}",
            remedy="use ssh://user@machine, or an engine of this very machine: unset DOCKER_HOST, or"
            " docker context use default",
        )
    return ReachedEngine(found, SameMachine(), here=True, files=True)


def _address(found: ContainerEngine) -> str:
    """Of an engine's machine; a loopback address that leads elsewhere leads to nothing but the engine itself."""
    host = urlsplit(found.url).hostname or ""
    address = address_of(host)
    if address.startswith("127."):
        raise Unavailable(
            "containers of an engine elsewhere",
            reason=f"{found.url} leads to another machine, {found.host}, and not to its ports",
            remedy="use the address of that machine, or ssh://user@machine",
        )
    return address


def _here() -> str:
    """This machine, as an engine of it would name it."""
    machine = os.uname()
    return f"{machine.nodename} ({machine.release})"


def sees_our_files(engine: ContainerEngine, directory: Path) -> bool:
    """Whether it has what only we can have put there. The mount is looked at before the image, which need not exist."""
    marker = directory / f"{_MARKER}-{os.urandom(8).hex()}"
    marker.mkdir()
    try:
        config = engine.client.create_host_config(mounts=[Mount("/marker", str(marker), type="bind")])
        engine.client.create_container("metricrig/no-such-image:0", host_config=config)
    except ImageNotFound:
        return True
    except APIError:
        return False
    finally:
        marker.rmdir()
    return False


def shares_our_network(engine: ContainerEngine) -> bool:
    """Whether a network that it makes appears among our interfaces; then its 127.0.0.1 is ours too."""
    name = f"metricrig-marker-{os.urandom(4).hex()}"
    identity = engine.client.create_network(name, driver="bridge")["Id"]
    try:
        return Path(f"/sys/class/net/br-{identity[:12]}").exists()
    finally:
        engine.client.remove_network(identity)


def address_of(host: str) -> str:
    """Of a machine, as a number."""
    return str(socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0])
