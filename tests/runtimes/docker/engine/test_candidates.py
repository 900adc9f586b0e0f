"""Where an engine is looked for, decided on data; and what is said when there is none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from metricrig import Rig, Unavailable, UsageError
from metricrig.runtimes.docker.engine.candidates import candidates
from metricrig.runtimes.docker.images.pull_and_build import repository_and_tag


def make_context(config: Path, name: str, url: str) -> Path:
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = config / "contexts" / "meta" / digest / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": url}}}))
    return config / "contexts" / "tls" / digest / "docker"


def test_what_the_environment_says_is_the_only_candidate(tmp_path: Path) -> None:
    found = candidates({"DOCKER_HOST": "tcp://box:2376", "DOCKER_CONTEXT": "other"}, tmp_path)
    assert [(each.url, each.said_by, each.certificates) for each in found] == [("tcp://box:2376", "DOCKER_HOST", None)]


def test_certificates_count_if_they_are_asked_for(tmp_path: Path) -> None:
    env = {"DOCKER_HOST": "tcp://box:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certificates"}
    assert candidates(env, tmp_path)[0].certificates == Path("/certificates")


@pytest.mark.parametrize("by_variable", [True, False])
def test_a_context_is_the_only_candidate(tmp_path: Path, *, by_variable: bool) -> None:
    config = tmp_path / ".docker"
    make_context(config, "lab", "ssh://me@lab").mkdir(parents=True)
    (config / "config.json").write_text(json.dumps({} if by_variable else {"currentContext": "lab"}))
    (found,) = candidates({"DOCKER_CONTEXT": "lab"} if by_variable else {}, tmp_path)
    assert found.url == "ssh://me@lab"
    assert found.certificates is not None
    assert "the context 'lab' of " in found.said_by


def test_a_context_that_does_not_exist_is_said(tmp_path: Path) -> None:
    (found,) = candidates({"DOCKER_CONTEXT": "gone"}, tmp_path)
    assert found.trouble == f"there is no such context in {tmp_path / '.docker'}"


def test_else_the_usual_sockets_are_tried_in_order(tmp_path: Path) -> None:
    found = candidates({"XDG_RUNTIME_DIR": "/run/user/7"}, tmp_path)
    assert [each.url.removeprefix("unix://") for each in found] == [
        "/var/run/docker.sock",
        "/run/user/7/docker.sock",
        f"{tmp_path}/.docker/run/docker.sock",
        "/run/user/7/podman/podman.sock",
        "/run/podman/podman.sock",
    ]


def test_without_an_engine_every_place_and_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    socket = tmp_path / "no.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    with pytest.raises(Unavailable, match="a container engine: none answers") as failure:
        Rig(runtime="docker")
    assert f"unix://{socket} (DOCKER_HOST): there is no such socket" in str(failure.value)
    socket.touch()
    with pytest.raises(Unavailable, match="refused"):
        Rig(runtime="docker")


def test_a_runtime_that_nobody_knows_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no runtime is called 'cloud'; there is: process, docker"):
        Rig(runtime="cloud")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("redis", ("redis", "latest")),
        ("redis:7", ("redis", "7")),
        ("localhost:5000/redis", ("localhost:5000/redis", "latest")),
        ("localhost:5000/redis:7", ("localhost:5000/redis", "7")),
        ("redis@sha256:ab", ("redis@sha256:ab", "")),
    ],
)
def test_a_tag_is_told_from_a_registrys_port(name: str, parts: tuple[str, str]) -> None:
    assert repository_and_tag(name) == parts
