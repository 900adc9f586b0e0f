"""Test processes that are killed leave no container, network or directory; those of others stay as they are."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest
from support import container_victim
from support.waiting import eventually

from metricrig import Rig
from metricrig.cli.rig_cleanup import clean_up, found
from metricrig.janitor.rig_record import FILE
from metricrig.runtimes.docker.labels import RIG, is_lost, is_orphaned, labels
from metricrig.services import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

VICTIMS = 20
AT_ONCE = 4


@pytest.fixture
def client(container_engine: str) -> Iterator[docker.APIClient]:
    client = docker.APIClient(base_url=container_engine, version="auto")
    yield client
    client.close()


def victim(name: str) -> subprocess.Popen[str]:
    path = os.pathsep.join(["tests", os.environ.get("PYTHONPATH", "")])
    words = [sys.executable, container_victim.__file__, name]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})


def left(client: docker.APIClient, rigs: set[str]) -> list[str]:
    """What carries the label of one of these rigs."""
    mine = {"label": RIG}
    things = [*client.containers(all=True, filters=mine), *client.networks(filters=mine)]
    things += client.volumes(filters=mine)["Volumes"] or []
    return [str(each.get("Names") or each.get("Name")) for each in things if each["Labels"][RIG] in rigs]


def kill_at_some_moment(name: str, dice: random.Random) -> set[str]:
    """The ids of the rigs that it had."""
    with victim(name) as process:
        assert process.stdout is not None
        rigs = {process.stdout.readline().split()[1]}
        time.sleep(dice.uniform(0, 1.5))  # the moment is the point: making, running, removing
        process.send_signal(signal.SIGKILL)
        rigs |= {line.split()[1] for line in process.stdout if line.startswith("rig ")}
        return rigs


@pytest.mark.timeout(300)
def test_nothing_is_left_of_killed_test_processes(client: docker.APIClient) -> None:
    dice = random.Random(7)
    with Rig("bystander", runtime="docker") as bystander:
        redis = bystander.add(Redis())
        bystander.start()
        pid = redis.pid
        for number in range(VICTIMS):
            rigs = kill_at_some_moment(f"victim-{number}", dice)
            assert rigs
            eventually(lambda rigs=rigs: not left(client, rigs))  # type: ignore[misc]
            eventually(lambda rigs=rigs: not any((bystander.directory.parent / rig).exists() for rig in rigs))  # type: ignore[misc]
        assert redis.state == "ready"
        assert redis.pid == pid
        assert left(client, {bystander.id})
    assert not left(client, {bystander.id})


def test_what_janitor_and_owner_have_left_is_cleaned_by_command(client: docker.APIClient) -> None:
    with victim("orphaned") as process:
        assert process.stdout is not None
        rig = process.stdout.readline().split()[1]
        assert process.stdout.readline() == "started\n"
        # Of a rig that lives nobody is told what is to be removed: the record itself has it.
        eventually(lambda: any('"errand": {' in (each.directory / FILE).read_text() for each in found([rig])))
        janitors = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in [*map(int, janitors), process.pid]:
            os.kill(pid, signal.SIGKILL)
    assert left(client, {rig})
    orphan = eventually(lambda: [each for each in found([rig]) if each.state == "orphaned"])[0]
    assert clean_up(orphan, kept=False, reused=False, dry_run=False, named=True).fine
    assert not left(client, {rig})
    assert not orphan.directory.exists()


def test_containers_whose_directory_is_gone_are_cleaned_by_their_labels(client: docker.APIClient) -> None:
    of_the_living = labels("alive-1", Path("/nonexistent"))
    of_the_dead = {**of_the_living, RIG: "dead-1", "metricrig.owner": "1:1"}
    of_another_boot = {**of_the_living, RIG: "lost-1", "metricrig.boot": "another"}
    for each in (of_the_living, of_the_dead, of_another_boot):
        client.create_network(each[RIG], labels=each)
    try:
        seen = {each.rig: each.state for each in found()}
        assert (seen["dead-1"], seen["lost-1"]) == ("orphaned", "lost")
        assert "alive-1" not in seen
        for rig in found(["dead-1", "lost-1"]):
            assert clean_up(rig, kept=False, reused=False, dry_run=False, named=True).fine
        assert not left(client, {"dead-1", "lost-1"})
        assert left(client, {"alive-1"})
    finally:
        client.remove_network("alive-1")


def test_labels_tell_whether_the_owner_lives() -> None:
    mine = labels("rig-1", Path("/nonexistent"))
    assert not is_orphaned(mine)
    assert is_orphaned({**mine, "metricrig.owner": "1:1"})
    assert not is_orphaned({**mine, "metricrig.owner": "1:1", "metricrig.namespace": "another"})
    assert not is_lost(mine)
    assert is_lost({**mine, "metricrig.boot": "another"})
