"""A test that is killed heals its links: no relay outlives it, whatever it was doing."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.waiting import eventually

from metricrig._core.process_id import ProcessId

VICTIM = """
import itertools, os, signal, socket, sys
from metricrig import Rig
from metricrig.services import Redis

with Rig("linked", data=sys.argv[1]) as rig:
    links = [rig.link(rig.add(Redis())), rig.link("redis")]
    print(rig.links.relay.pid, links[0].port, flush=True)
    rig.start()
    held = [socket.create_connection((each.host, each.port)) for each in links]
    for number in itertools.count():
        with links[0].stall(), links[1].cut(), links[0].slow(latency=0.01):
            print("in force", flush=True)
"""
KILLS = 10


def killed(root: Path, *, lines: int, then: float) -> tuple[ProcessId, int]:
    """Kill a test after it has said so many lines, and a little later; returns its relay and a link's port."""
    process = subprocess.Popen([sys.executable, "-c", VICTIM, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as said:
        pid, port = map(int, said.readline().split())
        relay = ProcessId.of(pid)
        assert relay is not None
        for _ in range(lines):
            assert said.readline() == "in force\n"
        if then:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(then)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return relay, port


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 30).close()
    except ConnectionRefusedError:
        return True
    return False


def test_no_relay_outlives_a_test_that_is_killed(tmp_path: Path) -> None:
    dice = random.Random(200)
    for _ in range(KILLS):
        relay, port = killed(tmp_path, lines=dice.randint(0, 3), then=dice.choice([0, dice.random() / 20]))
        eventually(lambda: not relay.alive)  # noqa: B023 - called before the next one
        eventually(lambda: refused(port))  # noqa: B023 - as above
    eventually(lambda: list(tmp_path.glob("metricrig-*/*")) == [])
