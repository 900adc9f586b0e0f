"""A container engine of the tests' own: one for all processes of a test run, gone with it."""

from __future__ import annotations

import contextlib
import os
import shutil
from socket import create_server
from typing import TYPE_CHECKING

import container_engine
from container_engine import EngineFailed, Place, lacking

from metricrig import Unavailable
from support import certificates
from support.images import build_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["lacking", "lacks", "run", "running", "running_far", "using"]


def lacks(why: str) -> Unavailable:
    """What a test says that needs an engine."""
    return Unavailable(
        "a container engine", reason=why, remedy="install docker.io as root, or set DOCKER_HOST", excuse=True
    )


def run() -> int:
    """The process of the whole test run: of a worker its parent."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


@contextlib.contextmanager
def running(root: Path) -> Iterator[str]:
    """The address of the engine that belongs to this directory, with every image that tests need."""
    with using(root, lambda place: container_engine.dockerd(*_by_tcp(root))(place)) as place:  # noqa: PLW0108 - if it is started
        build_missing(place.url)
        yield place.url


@contextlib.contextmanager
def running_far(root: Path, words: Sequence[str], images: Sequence[str]) -> Iterator[Place]:
    """One on another machine, with the images whose names have one of these words."""
    with using(root, container_engine.far_dockerd(*words)) as place:
        build_missing(place.url, images)
        yield place


@contextlib.contextmanager
def using(root: Path, command: Callable[[Place], Sequence[str]]) -> Iterator[Place]:
    """The engine that this command starts; what it needs and this machine lacks, the test says."""
    with contextlib.ExitStack() as until:
        try:
            place = until.enter_context(container_engine.using(root, command, run=run()))
        except EngineFailed as failed:
            raise lacks(str(failed)) from failed
        yield place


def _by_tcp(root: Path) -> list[str]:
    """Behind TLS too, at the address in the file ``tcp``, if certificates can be made."""
    if shutil.which("openssl") is None:
        return []
    made = certificates.make(root / "tls", ["127.0.0.1"])
    with create_server(("127.0.0.1", 0)) as free:
        url = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    (root / "tcp").write_text(url)
    return ["-H", url, *certificates.of_server(made)]
