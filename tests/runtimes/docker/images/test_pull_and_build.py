"""Images from a real registry: pulled when they have to be, with whose password, and in no time of the service's."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest
from support import registry
from support.images import build_small
from support.programs import sleeper
from support.registry import PASSWORD, USER
from support.waiting import eventually

from metricrig import Rig, StartFailed, Unavailable
from metricrig.events import ImageObtained, ImageProgressed, ServiceStarting, everything
from metricrig.tools import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.registry import Registry

    from metricrig.events import Event

LOCAL = f"metricrig-tests/small-{os.getpid()}:1"  # the engine may be other workers' too
BALLAST = 8 << 20


@pytest.fixture(scope="module")
def client(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[docker.APIClient]:
    client = docker.APIClient(base_url=engine_url, version="auto")
    ballast = tmp_path_factory.mktemp("ballast") / "ballast"
    ballast.write_bytes(os.urandom(BALLAST))
    build_small(engine_url, LOCAL, ballast=ballast)
    yield client
    client.remove_image(LOCAL)
    client.close()


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry.running(tmp_path_factory.mktemp("registry") / "public") as running:
        yield running


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry.running(tmp_path_factory.mktemp("registry") / "private", private=True) as running:
        yield running


@pytest.fixture
def boxes(container_engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Rig]:
    assert container_engine
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "configuration"))
    (tmp_path / "configuration").mkdir()
    with Rig("boxes", runtime="docker") as rig:
        yield rig


@pytest.fixture
def pulled(client: docker.APIClient) -> Iterator[list[str]]:
    """Names that the engine is to forget."""
    names: list[str] = []
    yield names
    for name in names:
        if client.images(name.partition("@")[0]):
            client.remove_image(name, force=True)


def configure(**settings: object) -> None:
    (Path(os.environ["DOCKER_CONFIG"]) / "config.json").write_text(json.dumps(settings))


def login(address: str, password: str) -> None:
    """What ``docker login`` writes."""
    configure(auths={address: {"auth": base64.b64encode(f"{USER}:{password}".encode()).decode()}})


def failure_of(rig: Rig, name: str = "sleeper") -> Unavailable:
    with pytest.raises(StartFailed) as failure:
        rig.start()
    error = failure.value.failures[name]
    assert isinstance(error, Unavailable)
    return error


def test_an_image_that_the_engine_lacks_is_pulled_and_its_progress_told(
    boxes: Rig, client: docker.APIClient, public: Registry, pulled: list[str]
) -> None:
    name = public.take(client, LOCAL, "progress")
    pulled.append(name)
    events: list[Event] = []
    instance = boxes.add(sleeper(image=name))
    with everything.listening(events.append):
        boxes.start()
    assert instance.state == "ready"
    told = [event for event in events if isinstance(event, ImageProgressed)]
    assert {event.image for event in told} == {name}
    assert f"Status: Downloaded newer image for {name}" in [event.status for event in told]
    (obtained,) = [event for event in events if isinstance(event, ImageObtained)]
    assert obtained.identity == client.inspect_image(name)["Id"]  # type: ignore[no-untyped-call]
    kinds = [type(event) for event in events]
    assert kinds.index(ImageProgressed) < kinds.index(ImageObtained) < kinds.index(ServiceStarting)


def test_a_pull_is_no_part_of_the_start(
    boxes: Rig, client: docker.APIClient, public: Registry, pulled: list[str]
) -> None:
    name = public.take(client, LOCAL, "timing")
    pulled.append(name)
    events: list[Event] = []
    instance = boxes.add(sleeper(image=name))
    began = time.monotonic()
    with everything.listening(events.append):
        instance.start()
    seconds = time.monotonic() - began
    (obtained,) = [event for event in events if isinstance(event, ImageObtained)]
    assert instance.ready_after is not None
    assert obtained.seconds > 0
    assert instance.ready_after + obtained.seconds <= seconds


def test_what_is_there_is_pulled_again_only_if_that_is_asked_for(
    boxes: Rig, client: docker.APIClient, public: Registry, pulled: list[str]
) -> None:
    name = public.take(client, LOCAL, "policies")
    pulled.append(name)
    for word, policy in (("never", "never"), ("first", "missing"), ("second", "missing"), ("third", "always")):
        boxes.add(sleeper(word, image=Image(name, pull=policy)))
    with pytest.raises(Unavailable, match='it is not in the engine, and pull="never"'):
        boxes["never"].start()
    for word, statuses in (("first", "Downloaded newer image"), ("second", ""), ("third", "Image is up to date")):
        events: list[Event] = []
        with everything.listening(events.append):
            boxes[word].start()
        told = [event.status for event in events if isinstance(event, ImageProgressed)]
        assert statuses in told[-1] if statuses else told == []


def test_services_that_start_together_pull_their_image_once(
    boxes: Rig, client: docker.APIClient, public: Registry, pulled: list[str]
) -> None:
    name = public.take(client, LOCAL, "together")
    pulled.append(name)
    events: list[Event] = []
    for number in range(3):
        boxes.add(sleeper(f"sleeper-{number}", image=name))
    with everything.listening(events.append):
        boxes.start()
    assert len([event for event in events if isinstance(event, ImageObtained)]) == 1


def test_a_digest_is_a_name_too(boxes: Rig, client: docker.APIClient, public: Registry, pulled: list[str]) -> None:
    name = public.take(client, LOCAL, "digest")
    digest = client.inspect_distribution(name)["Descriptor"]["digest"]  # type: ignore[no-untyped-call]
    exact = f"{name.removesuffix(':1')}@{digest}"
    pulled.append(exact)
    boxes.add(sleeper(image=exact))
    boxes.start()


def test_an_image_that_the_registry_lacks_is_named(boxes: Rig, public: Registry) -> None:
    boxes.add(sleeper(image=f"{public.address}/nothing:1"))
    error = failure_of(boxes)
    assert f"the image {public.address}/nothing:1: it cannot be pulled: " in str(error)
    assert "manifest unknown" in error.reason


def test_a_registry_that_is_not_there_is_said_at_once(boxes: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    boxes.add(sleeper(image=f"{address}/small:1"))
    assert "connection refused" in failure_of(boxes).reason


def test_a_registry_that_never_answers_ends_the_pull_at_its_deadline(boxes: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        name = f"127.0.0.1:{silent.getsockname()[1]}/small:1"
        boxes.add(sleeper(image=Image(name, pull_within=0.5)))
        assert "not done after 0.5 s (pull_within); last heard: nothing" in failure_of(boxes).reason


def test_a_private_registry_wants_a_password(
    boxes: Rig, client: docker.APIClient, private: Registry, pulled: list[str]
) -> None:
    name = private.take(client, LOCAL, "secret", private=True)
    pulled.append(name)
    boxes.add(sleeper(image=name))
    error = failure_of(boxes)
    assert "no basic auth credentials" in error.reason
    assert "docker login" in error.remedy


def test_a_wrong_password_is_said(boxes: Rig, client: docker.APIClient, private: Registry, pulled: list[str]) -> None:
    name = private.take(client, LOCAL, "wrong", private=True)
    pulled.append(name)
    login(private.address, "wrong")
    boxes.add(sleeper(image=name))
    assert "unauthorized" in failure_of(boxes).reason


def test_the_users_own_configuration_has_the_password(
    boxes: Rig, client: docker.APIClient, private: Registry, pulled: list[str]
) -> None:
    """Read when it is needed: who logs in after a failure need not start anew."""
    name = private.take(client, LOCAL, "login", private=True)
    pulled.append(name)
    boxes.add(sleeper(image=name))
    failure_of(boxes)
    login(private.address, PASSWORD)
    boxes.start()


@pytest.mark.parametrize("setting", ["credHelpers", "credsStore"])
def test_a_credential_helper_is_asked(
    *,
    boxes: Rig,
    client: docker.APIClient,
    private: Registry,
    pulled: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
) -> None:
    name = private.take(client, LOCAL, setting.lower(), private=True)
    pulled.append(name)
    configure(**{setting: "keeper" if setting == "credsStore" else {private.address: "keeper"}})
    boxes.add(sleeper(image=name))
    assert "docker-credential-keeper" in failure_of(boxes).reason
    helper = tmp_path / "docker-credential-keeper"
    helper.write_text(f'#!/bin/sh\necho \'{{"Username": "{USER}", "Secret": "{PASSWORD}"}}\'\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    boxes.start()


_TEST_RUN = """
import sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from support import registry
with registry.running(Path(sys.argv[1])) as running:
    print(running.address, flush=True)
    sys.stdin.read()
"""


def test_a_killed_test_run_leaves_no_registry(tmp_path: Path) -> None:
    with registry.running(tmp_path / "here"):
        pass  # a machine that has none says so here
    command = [sys.executable, "-c", _TEST_RUN, str(tmp_path / "there"), str(Path(__file__).parents[3])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        host, _, port = run.stdout.readline().strip().rpartition(":")
        assert listens(host, int(port))
        run.kill()
    eventually(lambda: not listens(host, int(port)))
    eventually(lambda: not (tmp_path / "there").exists())


def listens(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=10):
        return True
    return False
