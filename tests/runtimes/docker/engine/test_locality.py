"""Engines of other machines: by ssh, and by TLS over TCP. What is started there is reached at our 127.0.0.1."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest
from support import certificates, container_victim, engine, engines, far
from support.programs import python, sleeper, web
from support.waiting import eventually

from metricrig import Limits, Rig, ServiceDied, Unavailable, ready
from metricrig.runtimes.docker.engine.locality import reached_engine
from metricrig.runtimes.docker.engine.ssh_tunnel import destination
from metricrig.runtimes.docker.labels import RIG
from metricrig.services import PostgreSQL, Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.far import Far


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    if why := engine.lacking():
        raise engine.lacks(why)
    with far.running(engines.shared(tmp_path_factory) / "far", tmp_path_factory.mktemp("own")) as there:
        yield there


@pytest.fixture
def neighbour(engine_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    """The engine of this very machine, by TLS."""
    root = engines.shared(tmp_path_factory) / "engine"
    if not (root / "tcp").exists():
        raise engine.lacks(f"that of {engine_url} is not behind TLS: it is not the tests' own, or openssl is absent")
    url = (root / "tcp").read_text()
    monkeypatch.setenv("DOCKER_HOST", url)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(root / "tls"))
    return url


@pytest.fixture
def client(machine: Far) -> Iterator[docker.APIClient]:
    client = docker.APIClient(base_url=machine.socket, version="auto")
    yield client
    client.close()


@pytest.fixture(params=["ssh", "tls"])
def way(request: pytest.FixtureRequest, machine: Far, monkeypatch: pytest.MonkeyPatch) -> str:
    """How this test gets there."""
    chosen: str = request.param
    by(chosen, machine, monkeypatch)
    return chosen


def by(way: str, machine: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICRIG_SSH", machine.sshd.client)
    monkeypatch.setenv("DOCKER_HOST", machine.ssh_url if way == "ssh" else machine.tcp_url)
    if way == "tls":
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(machine.tls))


@pytest.fixture
def boxes(way: str) -> Iterator[Rig]:
    assert way
    with Rig("boxes", runtime="docker") as rig:
        yield rig
    assert not rig.directory.exists()


def refused(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) != 0


def left(client: docker.APIClient, rigs: set[str]) -> list[str]:
    """What carries the label of one of these rigs."""
    mine = {"label": RIG}
    things = [*client.containers(all=True, filters=mine), *client.networks(filters=mine)]
    things += client.volumes(filters=mine)["Volumes"] or []
    return [str(each.get("Names") or each.get("Name")) for each in things if each["Labels"][RIG] in rigs]


def test_a_service_there_is_reached_at_our_own_address(boxes: Rig, machine: Far, client: docker.APIClient) -> None:
    shop, port = boxes.add(web("shop")), boxes["shop"].port
    boxes.start()
    assert shop.url == f"http://127.0.0.1:{port}"
    with urllib.request.urlopen(shop.url, timeout=60) as answer:
        assert answer.read().startswith(b"hello from")
    # None of it is ours: neither the directory, nor the port, nor the process.
    assert not Path(f"/proc/{machine.box}/root{boxes.directory}").exists()
    (container,) = client.containers(filters={"label": f"{RIG}={boxes.id}"})
    assert [each["Type"] for each in container["Mounts"]] == ["volume"]
    assert [each["PublicPort"] for each in container["Ports"]] != [port]
    shop.stop()
    assert refused(port)
    shop.start()
    assert urllib.request.urlopen(shop.url, timeout=60).status == 200


def test_files_are_there_and_come_back_from_commands(boxes: Rig) -> None:
    """Given before a start, fetched after a command; what the service has written stays through a restart."""
    keeps = "echo $(cat given)-$(cat made) >>kept; echo up; exec sleep 1000"
    service = sleeper(files={"given": "{name}"}, cwd="{dir}", ready=ready.log("up"))
    instance = boxes.add(service.but(command=["sh", "-c", keeps]))
    instance.run(["sh", "-c", "echo made >{dir}/made; echo gone >{dir}/gone"])
    assert (instance.dir / "made").read_text() == "made\n"
    (instance.dir / "gone").unlink()
    boxes.start()
    assert instance.run(["ls"]).out.split() == ["given", "kept", "made"]
    instance.restart()
    assert instance.run(["cat", "kept"]).out.split() == ["sleeper-made"] * 2
    instance.stop()
    instance.wipe()
    boxes.start()
    assert instance.run(["cat", "kept"]).out.split() == ["sleeper-"]


def test_users_and_input_and_both_outputs(boxes: Rig) -> None:
    instance = boxes.add(sleeper(user="4999:5001"))
    before = instance.run(["sh", "-c", "id -u; id -g; cat; echo oops >&2; exit 4"], stdin="from us\n", check=False)
    assert (before.status, before.out, before.err) == (4, "4999\n5001\nfrom us\n", "oops\n")
    boxes.start()
    long = "x" * 300_000
    assert instance.run(["sh", "-c", "id -u; : >{dir}/mine; cat"], stdin=long).out == f"4999\n{long}"


def test_postgresql_is_made_from_its_template_and_keeps_its_data(boxes: Rig) -> None:
    pg = boxes.add(PostgreSQL())
    boxes.start()
    pg.psql("CREATE TABLE jobs AS SELECT 7 AS number; CHECKPOINT")
    pg.kill()
    pg.start()
    with pg.isolated() as database:
        database.execute("CREATE TABLE mine (number int)")
    assert pg.psql("SELECT number FROM jobs") == "7"


def test_death_ends_a_wait_at_once(boxes: Rig, client: docker.APIClient) -> None:
    instance = boxes.add(python("x", "print('last words'); time.sleep(0.5); os._exit(3)", ready=ready.log("words")))
    boxes.start()
    with pytest.raises(ServiceDied, match="x exited with 3 while waiting for") as failure:
        instance.wait(ready.log("never"), within=60)
    assert failure.value.log_tail == "last words"
    assert instance.ended


def test_a_port_is_open_when_somebody_listens_behind_it(boxes: Rig) -> None:
    """Whatever passes connections on accepts them from the beginning."""
    late = "time.sleep(0.5); print('listening'); serve(sys.argv[1])"
    instance = boxes.add(python("late", late, "{port}", ports={"http": 80}))
    boxes.start()
    assert "listening" in instance.logs.text()
    assert instance.pid > 0


def test_a_port_of_ours_that_somebody_takes_meanwhile_is_left_to_him(boxes: Rig) -> None:
    shop = boxes.add(web("shop", env=lambda at: {"WHERE": at.address()}))
    number = shop._state.site.outside.port
    boxes._runtimes.main.unreserve(shop._state.site)
    with socket.create_server(("127.0.0.1", number)):
        boxes.start()
        assert shop.port != number
        assert urllib.request.urlopen(shop.url, timeout=60).status == 200


def test_what_is_seen_only_on_the_engines_machine_is_refused_with_the_reason(boxes: Rig) -> None:
    instance = boxes.add(sleeper(limits=Limits(memory=64 << 20)))
    boxes.start()
    with pytest.raises(Unavailable, match="they are read from a table of processes"):
        instance.resources()
    with Rig("mixed") as mixed, pytest.raises(Unavailable, match="the engine's is not ours"):
        mixed.add(Redis(runtime="docker"))


def test_nothing_is_left_of_a_killed_test_process(way: str, client: docker.APIClient) -> None:
    path = os.pathsep.join(["tests", os.environ.get("PYTHONPATH", "")])
    words = [sys.executable, container_victim.__file__, f"victim-{way}"]
    env = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as victim:
        assert victim.stdout is not None
        rig = victim.stdout.readline().split()[1]
        assert victim.stdout.readline() == "started\n"
        assert left(client, {rig})
        children = children_of(victim.pid)
        victim.send_signal(signal.SIGKILL)
    eventually(lambda: not left(client, {rig}))
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))


def children_of(pid: int) -> list[int]:
    """The janitor, and its ssh."""
    found = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [below for each in found for below in children_of(each)]


def test_an_engine_of_this_very_machine_is_found_to_be_one(neighbour: str) -> None:
    """Though it is reached by TCP: its network is ours, and it sees what only we can have put there."""
    reached = reached_engine()
    assert (reached.here, reached.files, reached.engine.url) == (True, True, neighbour)
    with Rig("mixed") as rig:
        process, container = rig.add(web("process")), rig.add(web("container", runtime="docker"))
        rig.start()
        assert container.run(["curl", "-s", process.inside.url]).out.startswith("hello from")
        assert container.resources().rss > 0
        assert container.run(["cat"], stdin="text").out == "text"


def test_ssh_that_is_not_let_in_says_so(machine: Far, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    by("ssh", machine, monkeypatch)
    config = Path(machine.sshd.client.split()[-1])
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    (tmp_path / "ssh").write_text(config.read_text().replace(str(config.parent / "client"), str(tmp_path / "other")))
    monkeypatch.setenv("METRICRIG_SSH", f"ssh -F {tmp_path / 'ssh'}")
    with pytest.raises(Unavailable, match=r"ssh exited with 255: .*Permission denied"):
        Rig(runtime="docker")
    monkeypatch.setenv("METRICRIG_SSH", f"ssh -F {config} -o UserKnownHostsFile=/dev/null")
    with pytest.raises(Unavailable, match="Host key verification failed"):
        Rig(runtime="docker")


def test_an_engine_that_is_not_behind_ssh_is_said(machine: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    by("ssh", machine, monkeypatch)
    monkeypatch.setenv("DOCKER_HOST", f"ssh://{machine.sshd.address}/no/such.sock")
    with pytest.raises(Unavailable, match="open failed: connect failed"):
        Rig(runtime="docker")


def test_a_tunnel_that_has_ended_is_made_anew(machine: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    by("ssh", machine, monkeypatch)
    tunnel = reached_engine().engine.tunnel
    assert tunnel is not None
    os.kill(tunnel.pid, signal.SIGKILL)
    eventually(lambda: tunnel.ended)
    with Rig("again", runtime="docker") as rig:
        rig.add(sleeper())
        rig.start()


def test_a_certificate_of_somebody_else_is_refused_in_plain_words(
    machine: Far, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    by("tls", machine, monkeypatch)
    others = certificates.make(tmp_path / "others", [machine.address])
    monkeypatch.setenv("DOCKER_CERT_PATH", str(others))
    with pytest.raises(Unavailable, match="certificate verify failed"):
        Rig(runtime="docker")
    shutil.copy(machine.tls / "ca.pem", others / "ca.pem")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(shutil.copytree(others, tmp_path / "own")))
    with pytest.raises(Unavailable, match=r"(?i)bad certificate|unknown ca|unknown certificate"):
        Rig(runtime="docker")


@pytest.mark.parametrize("kind", ["ssh", "tls"])
def test_a_context_leads_there_too(machine: Far, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    url = machine.ssh_url if kind == "ssh" else machine.tcp_url
    digest = hashlib.sha256(b"there").hexdigest()
    meta = tmp_path / "contexts" / "meta" / digest / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": "there", "Endpoints": {"docker": {"Host": url}}}))
    if kind == "tls":
        shutil.copytree(machine.tls, tmp_path / "contexts" / "tls" / digest / "docker")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("METRICRIG_SSH", machine.sshd.client)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTEXT", "there")
    with Rig("context", runtime="docker") as rig:
        instance = rig.add(sleeper())
        rig.start()
        assert instance.state == "ready"


@pytest.mark.parametrize(
    ("url", "words", "path"),
    [
        ("ssh://box", ["--", "box"], "/var/run/docker.sock"),
        ("ssh://me@box:2222/", ["-p", "2222", "-l", "me", "--", "box"], "/var/run/docker.sock"),
        ("ssh://box/run/podman/podman.sock", ["--", "box"], "/run/podman/podman.sock"),
    ],
)
def test_an_ssh_address_names_machine_user_port_and_socket(url: str, words: list[str], path: str) -> None:
    assert destination(url) == (words, path)


@pytest.mark.parametrize("url", ["ssh://", "ssh://-oProxyCommand=x"])
def test_an_ssh_address_cannot_be_an_option(url: str) -> None:
    with pytest.raises(ValueError, match="names no machine"):
        destination(url)
