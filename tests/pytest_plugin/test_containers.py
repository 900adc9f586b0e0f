"""A run of pytest whose servers are containers."""

from __future__ import annotations

import docker
from support.sessions import Project

IN_CONTAINERS = """
import pytest

def test_a_rig_is_one_of_containers(rig):
    assert " docker: " in repr(rig)

def test_the_sessions_server_is_a_container(redis_server):
    assert redis_server.inside.url == "redis://redis:6379/0"

def test_a_part_of_it(redis):
    assert redis.number

@pytest.mark.needs("docker")
def test_what_the_machine_has(): ...
"""

BESIDE = """
import pytest
from metricrig.pytest import service
from metricrig.services import Redis

beside = service(Redis("beside", runtime="docker"))

def test_both(redis_server, beside):
    assert redis_server.host == beside.inside.host == "127.0.0.1"
"""


def test_servers_of_a_run_are_containers(project: Project, container_engine: str) -> None:
    project.write(test_containers=IN_CONTAINERS)
    said = project.run("--rig-runtime=docker")
    assert said.counts == {"passed": 4}, said.text
    assert not left_in(container_engine)


def test_a_container_beside_the_sessions_processes(project: Project, container_engine: str) -> None:
    project.write(test_beside=BESIDE)
    said = project.run("-n", "2")
    assert said.counts == {"passed": 1}, said.text
    assert not left_in(container_engine)


def test_without_an_engine_what_was_asked_for_explicitly_is_an_error(project: Project) -> None:
    project.write(test_containers="def test_a_rig(rig): ...\ndef test_a_server(redis_server): ...")
    lacking = {"DOCKER_HOST": f"unix://{project.path}/no.sock"}
    for said in (project.run("--rig-runtime=docker", **lacking), project.run(METRICRIG_RUNTIME="docker", **lacking)):
        assert said.counts == {"errors": 2}, said.text
        assert "there is no such socket" in said.text


def left_in(engine: str) -> list[str]:
    """Containers of sessions: other tests have rigs of other names."""
    client = docker.APIClient(base_url=engine, version="auto")
    try:
        named = [name for each in client.containers(all=True) for name in each["Names"]]
        return [name for name in named if name.startswith("/session-")]
    finally:
        client.close()
