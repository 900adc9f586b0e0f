"""A committed lock says which image a container runs from, whatever else the engine has."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from metricrig import Unavailable
from metricrig.runtimes.docker.images.choice import executable_in_image, image_of
from metricrig.services import Redis
from metricrig.tools import Image
from metricrig.tools.lockfile import Locked, write
from metricrig.tools.version_numbers import platform

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.runtimes.docker.engine.connection import ContainerEngine


class EngineWith:
    """An engine that has these images, and is asked for nothing else."""

    def __init__(self, *names: str) -> None:
        self._names = names

    @property
    def client(self) -> EngineWith:
        return self

    def images(self) -> list[dict[str, list[str]]]:
        return [{"RepoTags": [each]} for each in self._names]


def engine_with(*names: str) -> ContainerEngine:
    return cast("ContainerEngine", EngineWith(*names))


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The version of Redis in the lock of the working directory."""
    monkeypatch.chdir(tmp_path)
    version = "7.0.15"
    digest = f"sha256:{'0' * 64}"
    write(tmp_path / "metricrig.lock", [Locked("redis", platform(), version, "debian", digest=digest)])
    return version


@pytest.mark.parametrize("here", [(), ("redis:7.2.4", "redis:8.0.0"), ("redis:7.0.15", "redis:8.0.0")])
def test_the_image_is_that_of_the_locked_version(locked: str, here: tuple[str, ...]) -> None:
    """What the engine happens to have, and the version of the catalogue, count without a lock only."""
    assert image_of(engine_with(*here), Redis()).name == f"redis:{locked}"


@pytest.mark.usefixtures("locked")
def test_without_the_lock_it_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICRIG_LOCK", "off")
    assert image_of(engine_with("redis:7.2.4", "redis:7.0.15"), Redis()).name == "redis:7.2.4"


def test_an_image_that_has_another_version_is_refused_with_what_the_lock_says(locked: str) -> None:
    """Such as one that the service names itself."""
    own = Redis(image=Image("mine:1", program="redis-server", version="7.2.4"))
    image = image_of(engine_with(), own)
    with pytest.raises(Unavailable, match=rf"{locked} from debian, as .*metricrig\.lock says(?s:.*) has 7\.2\.4"):
        executable_in_image(engine_with(), own, image, "sha256:1", {})
