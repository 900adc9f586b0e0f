"""Workers beside each other: one server for all, and whoever is killed harms nobody else."""

from __future__ import annotations

import os
import re
import signal

import pytest
from support.sessions import Project
from support.waiting import eventually

from metricrig._core.process_id import ProcessId
from metricrig.janitor import found_rigs

FOUR_SERVERS = """
import os, pytest

@pytest.mark.parametrize("number", range(50))
class TestMany:
    def test_victoriametrics(self, number, victoriametrics):
        victoriametrics.write("x", float(number), at=1_700_000_000)
        assert victoriametrics.query("x", at=1_700_000_000).one().value == number
    def test_redis(self, number, redis_server, worker):
        assert worker.ask(redis_server, b"INCR %d\\r\\n" % number) == b":1\\r\\n"
    def test_etcd(self, number, etcd_server):
        assert etcd_server.metrics.value("etcd_server_has_leader") == 1
    def test_prometheus(self, number, prometheus):
        prometheus.write("x", float(number))
        assert prometheus.query("x").one().value == number
"""

ASKING = """
import socket, pytest

class Worker:
    def ask(self, server, question):
        with socket.create_connection((server.host, server.port), 10) as connection:
            connection.sendall(question)
            return connection.recv(1000)

@pytest.fixture
def worker():
    return Worker()
"""


def test_two_hundred_tests_of_four_workers_have_four_servers(project: Project) -> None:
    project.write(conftest=ASKING, test_many=FOUR_SERVERS)
    said = project.run("-n", "4")
    assert said.counts == {"passed": 200}, said.text
    assert re.search(r"metricrig: 4 servers started in [\d.]+ s, 100 isolated, no leaks", said.text), said.text


def test_a_worker_that_is_killed_fails_its_test_alone(project: Project) -> None:
    project.write(
        conftest=ASKING,
        test_killed="""
import os, pytest

@pytest.mark.parametrize("number", range(40))
def test_redis(number, redis_server, worker):
    if number == 17:
        assert worker.ask(redis_server, b"SET pid %d\\r\\n" % redis_server.pid)
        os.kill(os.getpid(), 9)
    assert worker.ask(redis_server, b"INCR a%d\\r\\n" % number) == b":1\\r\\n"
""",
    )
    said = project.run("-n", "4")
    assert (said.counts["failed"], said.counts["passed"]) == (1, 39), said.text
    assert "crashed while running" in said.text
    assert "1 server started" in said.text, said.text


def test_of_a_controller_that_is_killed_nothing_is_left(project: Project) -> None:
    project.write(
        test_long="""
import os, time, pathlib, pytest

@pytest.mark.parametrize("number", range(4))
def test_long(number, redis_server, victoriametrics_server, rig):
    pathlib.Path(f"reached-{number}-{os.getpid()}").touch()
    time.sleep(60)
"""
    )
    session = project.start("-n", "2")
    reached = eventually(lambda: len(found := list(project.path.glob("reached-*"))) == 2 and found)
    assert reached
    workers = [ProcessId.of(int(each.name.rpartition("-")[2])) for each in reached]
    servers = [each for rig in found_rigs.find([*project.root.glob("metricrig-*")]) for each in rig.services]
    assert {each.name for each in servers} == {"redis", "victoriametrics"}
    session.send_signal(signal.SIGKILL)
    session.wait()
    eventually(lambda: not any(each.alive for each in servers))
    eventually(lambda: not any(each and each.alive for each in workers))
    if session.stdout:
        session.stdout.close()


def test_each_worker_has_a_memcached_of_its_own_because_it_is_flushed(project: Project) -> None:
    project.write(
        test_memcached="""
import os, pathlib, pytest, time

@pytest.mark.parametrize("number", range(2))
def test_pid(number, memcached_server):
    pathlib.Path(f"pid-{memcached_server.pid}").touch()
    while len(list(pathlib.Path(".").glob("pid-*"))) < 2:
        time.sleep(0.01)
"""
    )
    said = project.run("-n", "2")
    assert said.counts["passed"] == 2, said.text
    assert "2 servers started" in said.text


def test_a_server_that_dies_fails_the_tests_that_use_it_in_every_worker_and_then_is_new(project: Project) -> None:
    project.write(
        conftest=ASKING,
        test_death="""
import os, pathlib, time, pytest

def meet(number):
    pathlib.Path(f"here-{number}").touch()
    while len(list(pathlib.Path(".").glob("here-*"))) < 2:
        time.sleep(0.01)

@pytest.mark.xdist_group("one")
def test_kills(redis_server):
    meet(0)
    os.kill(redis_server.pid, 9)
    time.sleep(30)

@pytest.mark.xdist_group("other")
def test_suffers(redis_server):
    meet(1)
    time.sleep(30)

@pytest.mark.parametrize("number", range(4))
def test_after(number, redis_server, worker):
    assert worker.ask(redis_server, b"PING\\r\\n") == b"+PONG\\r\\n"
""",
    )
    said = project.run("-n", "2", "--dist", "loadgroup")
    assert (said.counts["failed"], said.counts["passed"]) == (2, 4), said.text
    assert said.text.count("redis was killed by SIGKILL during this test") >= 2
    assert "2 servers started" in said.text


def test_servers_that_are_kept_between_runs_are_found_by_the_next(project: Project) -> None:
    project.write(
        test_reuse="""
import pathlib
def test_pids(redis_server, victoriametrics):
    with pathlib.Path("pids").open("a") as file:
        print(redis_server.pid, victoriametrics.server.url, file=file)
""",
        test_other="""
import pathlib
from metricrig.pytest import service
from metricrig.services import Redis
redis_server = service(Redis(args=["--maxmemory", "50mb"]))
def test_pid(redis_server):
    pathlib.Path("other").write_text(str(redis_server.pid))
""",
    )
    first = project.run("--rig-reuse", "test_reuse.py", "-o", "rig_idle=20")
    assert "2 servers started" in first.text, first.text
    assert "left running for the next run" in first.text
    second = project.run("--rig-reuse", "test_reuse.py", "-o", "rig_idle=20")
    assert "0 servers started in 0.00 s, 2 reused" in second.text, second.text
    parallel = project.run("--rig-reuse", "-n", "2", "-o", "rig_idle=1")
    assert "1 server started" in parallel.text, parallel.text
    assert "2 reused" in parallel.text
    pids = (project.path / "pids").read_text(encoding="utf-8").split("\n")[:-1]
    assert len(pids) == 3
    assert len(set(pids)) == 1, "always the same servers"
    assert (project.path / "other").read_text(encoding="utf-8") not in pids[0], (
        "one that is configured otherwise is not"
    )
    # The first run has decided how long they stay; killed as they are, the next run starts anew.
    for rig in found_rigs.find([*project.root.glob("metricrig-*")]):
        for each in rig.services:
            if each.process and each.name == "redis":
                os.kill(each.process.pid, signal.SIGKILL)
    again = project.run("--rig-reuse", "test_reuse.py")
    assert "1 server started" in again.text, again.text
    assert "1 reused" in again.text
    done = project.metricrig("clean", "--reused")
    assert "removed" in done, done


@pytest.mark.parametrize("words", [("-n", "2"), ()])
def test_an_interrupted_run_leaves_nothing(project: Project, words: tuple[str, ...]) -> None:
    project.write(
        test_long="""
import pathlib, time
def test_long(redis_server, rig):
    pathlib.Path("reached").touch()
    time.sleep(60)
"""
    )
    session = project.start(*words)
    eventually((project.path / "reached").exists)
    session.send_signal(signal.SIGINT)
    text, _ = session.communicate(timeout=30)
    assert session.returncode == 2, text
