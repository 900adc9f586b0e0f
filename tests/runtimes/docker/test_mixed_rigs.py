"""Containers beside processes in one rig."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest
from support.programs import sleeper, web

from metricrig import Rig, UsageError
from metricrig.services import Prometheus, Redis, VictoriaMetrics

if TYPE_CHECKING:
    from metricrig import Instance


@pytest.fixture
def mixed(container_engine: str, rig: Rig) -> Rig:
    assert container_engine
    return rig


def listeners(port: int) -> set[str]:
    tables = [Path("/proc/net/tcp").read_text(), Path("/proc/net/tcp6").read_text()]
    lines = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {at[1].split(":")[0] for at in lines if at[3] == "0A" and int(at[1].split(":")[1], 16) == port}


def test_a_container_and_a_process_reach_each_other(mixed: Rig) -> None:
    process, container = mixed.add(web("process")), mixed.add(web("container", runtime="docker"))
    visitor = mixed.add(sleeper("visitor", runtime="docker"))
    mixed.start()
    assert visitor.run(["curl", "-s", process.inside.url]).out == f"hello from {process.pid}"
    assert process.run(["curl", "-s", container.inside.url]).out.startswith("hello from")
    assert listeners(container.port) == {"0100007F"}
    assert "docker" in repr(container._state.runtime.name)


def test_a_prometheus_in_a_container_scrapes_a_process(mixed: Rig) -> None:
    victoria = mixed.add(VictoriaMetrics())
    prometheus = mixed.add(Prometheus(scrape=[victoria], every="100ms", runtime="docker"))
    mixed.start()

    def up(_: Instance) -> bool:
        with urllib.request.urlopen(f"{prometheus.url}/api/v1/query?query=up", timeout=10) as answer:
            return [each["value"][1] for each in json.load(answer)["data"]["result"]] == ["1"]

    prometheus.wait(up)


def test_nothing_of_the_containers_is_left_when_the_rig_is_closed(container_engine: str) -> None:
    client = docker.APIClient(base_url=container_engine, version="auto")
    with Rig("mixed") as rig:
        rig.add(Redis(runtime="docker"))
        rig.start()
        assert client.containers(filters={"label": f"metricrig.rig={rig.id}"})
    assert not client.containers(all=True, filters={"label": f"metricrig.rig={rig.id}"})
    assert not rig.directory.exists()
    client.close()


def test_a_process_in_a_rig_of_containers_is_refused_with_the_way_out(container_engine: str) -> None:
    assert container_engine
    with Rig("boxes", runtime="docker") as rig, pytest.raises(UsageError, match='what works: Rig\\(runtime="process"'):
        rig.add(Redis(runtime="process"))
