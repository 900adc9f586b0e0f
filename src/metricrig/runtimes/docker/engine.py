"""The engine: found where the user's own tools find it, asked once a process what it is."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import docker
from docker.errors import DockerException
from docker.tls import TLSConfig

from metricrig._core.errors import Unavailable
from metricrig.runtimes.docker.candidates import candidates

if TYPE_CHECKING:
    from metricrig.runtimes.docker.candidates import Candidate

_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "HOME")
_PATIENCE = 60
C = TypeVar("C", bound=docker.APIClient)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers. ``client`` may be used from many threads."""

    url: str
    said_by: str
    client: docker.APIClient
    version: str
    platform: str
    """Such as "linux/amd64"."""
    rootless: bool
    host: str
    """The machine that it runs on, by its name and kernel."""
    has_init: bool
    """Whether it can put a small init before the program, which passes signals on."""

    tls: TLSConfig | None = None

    def new_client(self, kind: type[C]) -> C:
        """Another client, of this class: with connections of its own."""
        return kind(base_url=self.url, version=self.client.api_version, timeout=_PATIENCE, tls=self.tls or False)

    def __str__(self) -> str:
        rootless = ", rootless" if self.rootless else ""
        return f"{self.version} for {self.platform} at {self.url} ({self.said_by}{rootless})"


_found: dict[tuple[object, ...], Engine] = {}


def engine() -> Engine:
    """The user's engine; ``Unavailable`` says where one was looked for and why it was not there."""
    key = (os.getpid(), *(os.environ.get(name) for name in _VARIABLES))
    if key not in _found:
        _found[key] = find_engine()
    return _found[key]


def required_engine() -> Engine:
    """The user's engine, if it is one that this runtime can work with."""
    found = engine()
    if not found.url.startswith("unix://") or found.host != _here():
        raise Unavailable(
            "containers of an engine elsewhere",
            reason=f"it has not our files, nor our 127.0.0.1: it is on {found.host}, and we are on {_here()}; {found}",
            remedy="use an engine of this very machine, neither in a virtual one nor from within a container:"
            " unset DOCKER_HOST, or docker context use default",
        )
    if found.rootless and os.geteuid() == 0:
        raise Unavailable(
            "containers of somebody else's rootless engine",
            reason=f"it cannot read what root writes: {found}",
            remedy="run the tests as the user whose engine it is",
        )
    return found


def find_engine() -> Engine:
    """Look for it now."""
    refusals = []
    for candidate in candidates(os.environ, Path.home()):
        try:
            return connect(candidate)
        except (DockerException, OSError, ValueError) as error:
            refusals.append(f"{candidate.url or '-'} ({candidate.said_by}): {_plainly(error)}")
    lines = "".join(f"\n    {each}" for each in refusals)
    raise Unavailable(
        "a container engine",
        reason=f"none answers:{lines}",
        remedy="start Docker (or Podman's socket: systemctl --user start podman.socket), or set DOCKER_HOST",
    )


def connect(candidate: Candidate) -> Engine:
    """Ask one whether it is there, and what it is."""
    if candidate.trouble:
        raise ValueError(candidate.trouble)
    _knock(candidate.url)
    tls = _tls(candidate)
    client = docker.APIClient(
        base_url=candidate.url,
        version="auto",
        timeout=_PATIENCE,
        tls=tls or False,
        use_ssh_client=candidate.url.startswith("ssh://"),
    )
    facts: dict[str, Any] = client.info()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(facts["Architecture"], facts["Architecture"])
    return Engine(
        url=candidate.url,
        said_by=candidate.said_by,
        client=client,
        version=f"{facts.get('ServerVersion') or '?'}",
        platform=f"{facts.get('OSType', 'linux')}/{machine}",
        rootless=any("name=rootless" in each for each in facts.get("SecurityOptions") or ()),
        host=f"{facts.get('Name')} ({facts.get('KernelVersion')})",
        has_init=bool(facts.get("InitBinary")),
        tls=tls,
    )


def _here() -> str:
    """This machine, as an engine of it would name it."""
    machine = os.uname()
    return f"{machine.nodename} ({machine.release})"


def _tls(candidate: Candidate) -> TLSConfig | None:
    folder = candidate.certificates
    if folder is None:
        return None
    pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
    return TLSConfig(client_cert=pair, ca_cert=str(folder / "ca.pem"), verify=True)


def _knock(url: str) -> None:
    """Fail early and plainly where nobody is behind a socket: the client would wrap that in three other errors."""
    if url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(url.removeprefix("unix://"))


def _plainly(error: BaseException) -> str:
    """What stands at the bottom of an error, in a few words."""
    if isinstance(error, FileNotFoundError):
        return "there is no such socket"
    if isinstance(error, PermissionError):
        return "you may not use it (are you in its group?)"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there (connection refused)"
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__
