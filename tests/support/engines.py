"""Which engines a run's tests need: they are started, and their images built, before the clock of any test runs."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from metricrig import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


def shared(factory: pytest.TempPathFactory) -> Path:
    """A directory of all workers of this run."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextlib.contextmanager
def near(base: Path) -> Iterator[str]:
    """The address of an engine of this machine with the images: the user's own, or one that is started for them."""
    from support import engine, images  # noqa: PLC0415 - few runs need one, and the client takes a tenth of a second

    if url := os.environ.get("DOCKER_HOST"):
        if url.startswith("unix://"):  # elsewhere it has them already
            images.build_missing(url)
        yield url
        return
    if why := engine.lacking():
        raise engine.lacks(why)
    with engine.running(base / "engine") as url:
        yield url


@contextlib.contextmanager
def far(base: Path) -> Iterator[None]:
    """The engine of another machine."""
    from support import engine, far  # noqa: PLC0415 - see above

    if why := engine.lacking():
        raise engine.lacks(why)
    with far.engine_in(base / "far"):
        yield


@contextlib.contextmanager
def podman(base: Path) -> Iterator[str]:
    """The address of Podman."""
    from support import podman  # noqa: PLC0415 - see above

    with podman.running(base / "podman", ["metricrig-tests/", "redis", "postgres"]) as url:
        yield url


_BY_FIXTURE: dict[str, Callable[[Path], AbstractContextManager[object]]] = {
    "engine_url": near,
    "machine": far,
    "pod": podman,
}


@contextlib.contextmanager
def held(items: Iterable[pytest.Item], base: Path) -> Iterator[None]:
    """Those that these tests need; what this machine lacks, the tests say themselves."""
    needed = {name for item in items for name in _needed(item)}
    with contextlib.ExitStack() as until:
        for name, engine in _BY_FIXTURE.items():
            if name in needed:
                with contextlib.suppress(Unavailable):
                    until.enter_context(engine(base))
        yield


def _needed(item: pytest.Item) -> set[str]:
    if any(mark.name == "skip" for mark in item.iter_markers()) or not isinstance(item, pytest.Function):
        return set()
    in_containers = hasattr(item, "callspec") and item.callspec.params.get("runtime") == "docker"
    return {*item.fixturenames, *(["engine_url"] if in_containers else [])}
