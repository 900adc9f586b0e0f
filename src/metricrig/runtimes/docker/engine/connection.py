"""The engine: found where the user's own tools find it, asked once a process what it is."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import docker
from docker.errors import DockerException

from metricrig._core.errors import Unavailable
from metricrig.runtimes.docker.engine.candidates import candidates
from metricrig.runtimes.docker.engine.errors import root_cause
from metricrig.runtimes.docker.engine.ssh_tunnel import SshTunnel
from metricrig.runtimes.docker.engine.tls_proxy import TlsProxy

if TYPE_CHECKING:
    from metricrig.runtimes.docker.engine.candidates import Candidate

_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "HOME")
_OURS = ("METRICRIG_SSH", "XDG_RUNTIME_DIR")
_ANSWER_TIMEOUT_SECONDS = 60
C = TypeVar("C", bound=docker.APIClient)


@dataclass(frozen=True, slots=True)
class ContainerEngine:
    """An engine that answers. ``client`` may be used from many threads."""

    candidate: Candidate
    line: str
    """The address that its client uses: a socket of ours, where the engine's own is behind ssh or TLS."""
    client: docker.APIClient
    version: str
    platform: str
    """Such as "linux/amd64"."""
    rootless: bool
    host: str
    """The machine that it runs on, by its name and kernel."""
    podman: bool
    has_init: bool
    """Whether it can put a small init before the program, which passes signals on."""

    answers_in: float
    """Seconds: how far away it is."""
    tunnel: SshTunnel | None = None

    @property
    def url(self) -> str:
        """Its address, as the user knows it."""
        return self.candidate.url

    @property
    def lost(self) -> bool:
        """Whether there is no way to it any more."""
        return self.tunnel is not None and self.tunnel.ended

    def new_client(self, kind: type[C]) -> C:
        """Another client, of this class: with connections of its own."""
        return kind(base_url=self.line, version=self.client.api_version, timeout=_ANSWER_TIMEOUT_SECONDS)

    def __str__(self) -> str:
        rootless = ", rootless" if self.rootless else ""
        name = "Podman " if self.podman else ""
        return f"{name}{self.version} for {self.platform} at {self.url} ({self.candidate.said_by}{rootless})"


_found: dict[tuple[object, ...], ContainerEngine] = {}


def engine() -> ContainerEngine:
    """The user's engine; ``Unavailable`` says where one was looked for and why it was not there."""
    key = (os.getpid(), *(os.environ.get(name) for name in (*_VARIABLES, *_OURS)))
    if key not in _found or _found[key].lost:
        _found[key] = find_engine()
    return _found[key]


def find_engine() -> ContainerEngine:
    """Look for it now."""
    refusals = []
    for candidate in candidates(os.environ, Path.home()):
        try:
            return connect(candidate)
        except (DockerException, OSError, ValueError) as error:
            refusals.append(f"{candidate.url or '-'} ({candidate.said_by}): {root_cause(error)}")
    lines = "".join(f"\n    {each}" for each in refusals)
    raise Unavailable(
        "a container engine",
        reason=f"none answers:{lines}",
        remedy="start Docker (or Podman's socket: systemctl --user start podman.socket), or set DOCKER_HOST",
    )


def connect(candidate: Candidate) -> ContainerEngine:
    """Ask one whether it is there, and what it is."""
    if candidate.trouble:
        raise ValueError(candidate.trouble)
    line, tunnel, proxy = candidate.url, None, None
    if candidate.url.startswith("ssh://"):
        tunnel = SshTunnel(candidate.url, candidate.ssh)
        line = f"unix://{tunnel.socket}"
    elif candidate.certificates is not None and candidate.url.startswith("tcp://"):
        proxy = TlsProxy(candidate.url, candidate.certificates)
        line = f"unix://{proxy.socket}"
    try:
        return _asked(candidate, line, tunnel)
    except (DockerException, OSError):
        if why := tunnel.last_words() if tunnel else proxy.failure if proxy else "":
            raise ConnectionError(why) from None  # what the client saw of it is a closed connection
        raise


def _asked(candidate: Candidate, line: str, tunnel: SshTunnel | None) -> ContainerEngine:
    _require_listener(line)
    client = docker.APIClient(base_url=line, version="auto", timeout=_ANSWER_TIMEOUT_SECONDS)
    began = time.monotonic()
    client.ping()
    answers_in = time.monotonic() - began
    facts: dict[str, Any] = client.info()
    podman = any("Podman" in each.get("Name", "") for each in client.version().get("Components") or ())
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(facts["Architecture"], facts["Architecture"])
    return ContainerEngine(
        candidate=candidate,
        line=line,
        client=client,
        version=f"{facts.get('ServerVersion') or '?'}",
        platform=f"{facts.get('OSType', 'linux')}/{machine}",
        rootless=any("name=rootless" in each for each in facts.get("SecurityOptions") or ()),
        host=f"{facts.get('Name')} ({facts.get('KernelVersion')})",
        has_init=bool(facts.get("InitBinary")) or podman,
        podman=podman,
        answers_in=answers_in,
        tunnel=tunnel,
    )


def _require_listener(url: str) -> None:
    """Fail early and plainly where nobody is behind a socket: the client would wrap that in three other errors."""
    if url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(url.removeprefix("unix://"))
