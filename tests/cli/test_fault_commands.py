"""``fault``: what is done to links and services of a rig of another process, and what it says."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.owners import Owner, Said

_OWNER = """
import sys
from metricrig import Rig
from metricrig.services import Redis

with Rig("shop") as rig:
    redis = rig.add(Redis())
    link = rig.link(redis)
    rig.start()
    print(rig.id, link.port, redis.pid, flush=True)
    for line in sys.stdin:
        if line == "cut\\n":
            fault = link.cut().start()
        elif line == "heal\\n":
            fault.heal()
        print("done", flush=True)
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """A process with a rig whose Redis is reached by a link."""

    process: subprocess.Popen[str]
    rig: str
    port: int
    pid: int

    def do(self, what: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def ping(self, within: float = 60.0) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=within) as redis:
            redis.sendall(b"PING\r\n")
            return redis.recv(100)


@pytest.fixture
def shop(foreign_root: Path) -> Iterator[Shop]:
    del foreign_root
    process = subprocess.Popen([sys.executable, "-c", _OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    rig, port, pid = process.stdout.readline().split()
    yield Shop(process, rig, int(port), int(pid))
    process.communicate("", timeout=250)
    assert process.returncode == 0


def state_of(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - one line
        return file.read().rpartition(")")[2].split()[0]


def test_a_link_is_cut_and_mended(shop: Shop, metricrig: Callable[..., Said]) -> None:
    said = metricrig("fault", "on", "shop", "redis-link", "cut")
    assert said.code == 0, said.err
    assert said.out.startswith("redis-link: cut is in force: ")
    with pytest.raises(ConnectionRefusedError):
        shop.ping()
    said = metricrig("fault", "off", "shop", "redis-link")
    assert said.code == 0
    assert said.out == "redis-link: cut is over: it is out of the link's policy, and bytes pass both ways\n"
    assert shop.ping() == b"+PONG\r\n"


def test_a_service_is_paused_and_goes_on(shop: Shop, metricrig: Callable[..., Said]) -> None:
    said = metricrig("fault", "on", shop.rig, "redis", "paused", "--json")
    assert said.json == {
        "rig": shop.rig,
        "victim": "redis",
        "in_force": True,
        "faults": [{"fault": "paused", "evidence": f"pid {shop.pid} and everything below it is stopped"}],
    }
    assert state_of(shop.pid) == "T"
    said = metricrig("fault", "off", "shop", "redis", "paused")
    assert said.out == f"redis: paused is over: pid {shop.pid} runs\n"
    assert state_of(shop.pid) != "T"
    assert shop.ping() == b"+PONG\r\n"


def test_it_lists_what_is_in_force_and_what_can_be(shop: Shop, metricrig: Callable[..., Said]) -> None:
    metricrig("fault", "on", "shop", "redis-link", "slow", "latency=1ms", "direction=up")
    metricrig("fault", "on", "shop", "redis", "paused")
    rows = {each["victim"]: each for each in metricrig("fault", "list", "shop", "--json").json["victims"]}
    assert rows["redis"] == {"rig": shop.rig, "victim": "redis", "in_force": ["paused"], "can": ["paused"]}
    assert rows["redis-link"]["in_force"] == ["slow"]
    assert "half-open" in rows["redis-link"]["can"]
    lines = metricrig("fault", "list").out.splitlines()
    assert [line.split()[1:3] for line in lines[1:]] == [["redis", "paused"], ["redis-link", "slow"]]


def test_ending_twice_is_fine(shop: Shop, metricrig: Callable[..., Said]) -> None:
    said = metricrig("fault", "off", "shop", "redis-link")
    assert (said.code, said.out) == (0, "redis-link: nothing to end\n")


def test_what_the_rigs_own_process_has_done_is_its_own_to_end(shop: Shop, metricrig: Callable[..., Said]) -> None:
    shop.do("cut")
    assert metricrig("fault", "off", "shop", "redis-link").out == "redis-link: nothing to end\n"
    assert metricrig("fault", "on", "shop", "redis-link", "cut").code == 0
    shop.do("heal")
    with pytest.raises(ConnectionRefusedError):
        shop.ping()
    assert metricrig("fault", "off", "shop", "redis-link").code == 0
    assert shop.ping() == b"+PONG\r\n"


def test_what_is_in_force_ends_with_the_rig(shop: Shop, metricrig: Callable[..., Said]) -> None:
    metricrig("fault", "on", "shop", "redis-link", "stall")
    metricrig("fault", "on", "shop", "redis", "paused")
    shop.process.kill()
    eventually(lambda: not os.path.exists(f"/proc/{shop.pid}"))  # noqa: PTH110 - one word
    shop.process.wait()
    shop.process.returncode = 0  # as the fixture wants it


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("on", "shop", "redis", "cut"), 2, "'cut' cannot be done to redis; what can: paused"),
        (("on", "shop", "redi", "paused"), 2, "has no link or service 'redi'; did you mean 'redis'?"),
        (("on", "shop", "redis", "paused", "latency=1s"), 2, "paused has no settings; leave out latency"),
        (("on", "shop", "redis-link", "slow", "latency=soon"), 2, "expected a duration"),
        (("on", "shop", "redis-link", "slow", "speed=1"), 2, "no setting is called 'speed'; there is: bytes"),
        (("on", "shop", "redis-link", "limit", "bytes=many"), 2, "what works: bytes=100"),
        (("on", "shop", "redis-link", "limit", "latency=1s"), 2, "unexpected keyword setting 'latency'"),
        (("on", "shop", "redis-link", "limit"), 2, "missing 1 required setting: 'bytes'"),
        (("off", "shop", "redis-link", "paused"), 2, "'paused' cannot be done to redis-link"),
        (("on", "nothing", "redis", "paused"), 1, "no live rig 'nothing'"),
        (("list", "nothing"), 1, "no live rig 'nothing'"),
    ],
)
def test_what_cannot_be_is_said_with_what_can(
    shop: Shop, metricrig: Callable[..., Said], words: tuple[str, ...], code: int, why: str
) -> None:
    said = metricrig("fault", *words)
    assert said.code == code
    assert why in said.err


def test_the_same_twice_is_refused(shop: Shop, metricrig: Callable[..., Said]) -> None:
    assert metricrig("fault", "on", "shop", "redis-link", "cut").code == 0
    said = metricrig("fault", "on", "shop", "redis-link", "cut")
    assert said.code == 2
    assert "is in force already; end it first" in said.err


def test_a_rig_without_links_has_services(owner: Callable[[str], Owner], metricrig: Callable[..., Said]) -> None:
    mine = owner("plain")
    assert metricrig("fault", "on", mine.rig, "sleep", "paused").code == 0
    assert state_of(mine.sleep) == "T"
    assert metricrig("fault", "off", mine.rig, "sleep").code == 0


def test_two_rigs_of_one_name_are_told_apart(owner: Callable[[str], Owner], metricrig: Callable[..., Said]) -> None:
    rigs = sorted(owner("twin").rig for _ in range(2))
    said = metricrig("fault", "on", "twin", "sleep", "paused")
    assert said.code == 1
    assert said.err == f"metricrig: several rigs are called 'twin': {', '.join(rigs)}\n"
