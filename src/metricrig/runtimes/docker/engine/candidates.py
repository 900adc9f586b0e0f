"""Where an engine may be listening, in the order in which one looks: plain data, nothing is asked."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address, and who says that an engine is there; ``certificates`` is a directory, for TLS."""

    url: str
    said_by: str
    certificates: Path | None = None
    trouble: str = ""
    """Why it is no use even to try."""
    ssh: str = "ssh"
    """The client for an address that begins so, as words of a shell."""


def candidates(env: Mapping[str, str], home: Path) -> list[Candidate]:
    """What somebody has chosen is the only one; else every usual place."""
    ssh = env.get("METRICRIG_SSH") or "ssh"
    return [replace(each, ssh=ssh) for each in _candidates(env, home)]


def _candidates(env: Mapping[str, str], home: Path) -> list[Candidate]:
    if url := env.get("DOCKER_HOST"):
        folder = env.get("DOCKER_CERT_PATH") or str(home / ".docker")
        return [Candidate(url, "DOCKER_HOST", Path(folder) if env.get("DOCKER_TLS_VERIFY") else None)]
    config = Path(env.get("DOCKER_CONFIG") or home / ".docker")
    if name := env.get("DOCKER_CONTEXT"):
        chosen, said_by = name, f"the context {name!r} of DOCKER_CONTEXT"
    else:
        chosen = str(_read(config / "config.json").get("currentContext") or _DEFAULT)
        said_by = f"the context {chosen!r} of {config / 'config.json'}"
    return list(_usual(env, home)) if chosen == _DEFAULT else [_of_context(config, chosen, said_by)]


def _of_context(config: Path, name: str, said_by: str) -> Candidate:
    digest = hashlib.sha256(name.encode()).hexdigest()
    facts = _read(config / "contexts" / "meta" / digest / "meta.json")
    url = facts.get("Endpoints", {}).get("docker", {}).get("Host", "")
    certificates = config / "contexts" / "tls" / digest / "docker"
    trouble = "" if url else f"there is no such context in {config}"
    return Candidate(url, said_by, certificates if certificates.is_dir() else None, trouble)


def _usual(env: Mapping[str, str], home: Path) -> Iterator[Candidate]:
    yield Candidate("unix:///var/run/docker.sock", "the usual socket")
    if runtime := env.get("XDG_RUNTIME_DIR"):
        yield Candidate(f"unix://{runtime}/docker.sock", "the socket of a rootless Docker")
    yield Candidate(f"unix://{home}/.docker/run/docker.sock", "the socket of Docker Desktop")
    if runtime:
        yield Candidate(f"unix://{runtime}/podman/podman.sock", "the user's socket of Podman")
    yield Candidate("unix:///run/podman/podman.sock", "the system's socket of Podman")


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            return content
    return {}
