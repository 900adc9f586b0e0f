"""Fixtures for every room."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from support import engines, toxiproxy_server

from metricrig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from metricrig.events import Event


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody has set for his own work must not change what the tests see."""
    for name in list(os.environ):
        if name.startswith("METRICRIG_") and name not in {"METRICRIG_CACHE", "METRICRIG_SSH"}:
            monkeypatch.delenv(name)


def pytest_configure() -> None:
    """What the tests start obeys signals that we were told to ignore, as a background job of a shell is.

    We go on ignoring them: a handler, unlike an ignored signal, is not inherited.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of a module that says so runs on each runtime, except those that are about one of them."""
    if "rig" not in metafunc.fixturenames or not getattr(metafunc.module, "EVERY_RUNTIME", False):
        return
    about = metafunc.definition.get_closest_marker("process_only")
    left_out = pytest.mark.skip(reason=f"of processes only: {about.args[0]}") if about else ()
    metafunc.parametrize("runtime", ["process", pytest.param("docker", marks=left_out)], indirect=True)


@pytest.fixture
def runtime(request: pytest.FixtureRequest) -> str:
    """Where the test's services run."""
    chosen: str = getattr(request, "param", "process")
    if chosen == "docker":
        request.getfixturevalue("container_engine")
    return chosen


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Nothing that a test needs is started or built at the expense of its time."""
    if not session.items or session.config.option.collectonly:  # of a parallel run, the workers have them
        return (yield)
    toxiproxy_server.build_for(session.items)
    with engines.held(session.items, engines.shared(session.config._tmp_path_factory)):  # type: ignore[attr-defined]
        return (yield)


@pytest.fixture(scope="session")
def engine_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An engine with the images that tests need: the user's own, or one that is started for them."""
    with engines.near(engines.shared(tmp_path_factory)) as url:
        yield url


@pytest.fixture
def container_engine(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The engine that this test's containers run in."""
    monkeypatch.setenv("DOCKER_HOST", engine_url)
    return engine_url


@pytest.fixture
def rig(runtime: str) -> Iterator[Rig]:
    """A fresh rig; when it is closed, its directory has to be gone."""
    with Rig("test", runtime=runtime) as fresh:
        yield fresh
    assert not fresh.directory.exists()


@pytest.fixture
def happened(rig: Rig) -> list[Event]:
    """Every event of the rig, as it comes."""
    events: list[Event] = []
    rig.events.subscribe(events.append)
    return events


@pytest.fixture
def foreign_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of this test's rigs: nobody else looks into it, and it looks nowhere else."""
    monkeypatch.setenv("METRICRIG_DATA", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("metricrig.runtimes.data_root.SHARED_MEMORY", tmp_path)
    return tmp_path
