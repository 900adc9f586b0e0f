"""A connection through a link, beside a direct one and one through Toxiproxy: throughput, requests, and faults."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.finding import MS, Finding, Report, Target, compare
from bench.relay_peer import COUNT, ECHO
from bench.rounds import interleave
from metricrig import Rig, ToolUnavailable
from metricrig.links import link_to
from metricrig.tools import obtain

sys.path.append(str(Path(__file__).parent.parent / "tests"))  # the real Toxiproxy is the tests' own
from support.toxiproxy_client import ToxiproxyClient
from support.toxiproxy_server import TOXIPROXY, toxiproxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rounds import Attempt
    from metricrig.links import Link

    Address = tuple[str, int]

THROUGHPUT = Target(1 / 0.6)
REQUESTS_BEYOND = Target(60, unit="ms")
IN_FORCE = Target(20, unit="ms")
ROUNDS = 15
SENT = 1 << 30
PIECE = bytes(1 << 20)
REQUESTS = 2000
AT_ONCE = 1000


def run(scale: float) -> Report:
    """All of it, to a process of its own."""
    rounds = max(3, round(ROUNDS * scale))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a thousand connections, here and in the peer
    with _peer() as target, link_to(f"127.0.0.1:{target[1]}") as link, contextlib.ExitStack() as until:
        ways: dict[str, Address] = {"direct": target, "link": (link.host, link.port)}
        notes = [f"A stream is {SENT >> 20} MiB in one direction, until its receiver has told that it has all of it."]
        try:
            ways["Toxiproxy"] = until.enter_context(_toxiproxy(target))
        except ToolUnavailable as lacking:
            notes.append(f"Without Toxiproxy, because {str(lacking).splitlines()[0]}.")
        streams = interleave({name: partial(_stream, way) for name, way in ways.items()}, rounds)
        asked = interleave({name: partial(_requests, way) for name, way in ways.items()}, rounds)
        crowded = interleave({name: partial(_crowd, way) for name, way in ways.items()}, rounds)
        findings = [
            *compare("a stream of 1 GiB", streams, base="direct", targets={"link": THROUGHPUT}),
            *compare("1,000 requests, one after the other", asked, base="direct", targets={}),
            *_beyond(asked),
            *compare(f"{AT_ONCE:,} connections at once, a request on each", crowded, base="direct", targets={}),
            *_beside_toxiproxy("a stream of 1 GiB", streams),
            *_beside_toxiproxy("1,000 requests, one after the other", asked),
            *_beside_toxiproxy(f"{AT_ONCE:,} connections at once", crowded),
            *_in_force(link, rounds),
        ]
    speeds = ", ".join(f"{name} {SENT / median(seconds) / 1e9:.2f}" for name, seconds in streams.items())
    notes.append(f"In GB a second: {speeds}.")
    notes.append("1,000 requests are 1,000 times the median of one; beyond direct is what the way adds to that.")
    notes.append("In force: from the moment at which a stall's order has returned to the last byte that still came.")
    return Report(findings, tuple(notes))


def _beyond(asked: dict[str, list[float]]) -> Iterator[Finding]:
    direct = median(asked["direct"])
    for name in asked.keys() - {"direct"}:
        yield Finding(
            about="1,000 requests, beyond direct",
            who=name,
            ms=(median(asked[name]) - direct) * MS,
            target=REQUESTS_BEYOND if name == "link" else None,
            rounds=len(asked[name]),
        )


def _beside_toxiproxy(about: str, timings: dict[str, list[float]]) -> Iterator[Finding]:
    """The link's row, beside Toxiproxy instead of beside nothing."""
    if "Toxiproxy" in timings:
        beside = {name: timings[name] for name in ("Toxiproxy", "link")}
        yield compare(f"{about}, beside Toxiproxy", beside, base="Toxiproxy", targets={"link": Target(1)})[-1]


def _in_force(link: Link, rounds: int) -> Iterator[Finding]:
    """How late a byte comes after a stall has begun, and how long a proven one takes to begin and to heal."""
    contenders: dict[str, Attempt] = {
        "the last byte": partial(_last_byte, link),
        "begun, proven, healed": partial(_stalled, link),
    }
    for who, seconds in interleave(contenders, rounds).items():
        target = IN_FORCE if who == "the last byte" else None
        yield Finding(about="a stall", who=who, ms=median(seconds) * MS, target=target, rounds=len(seconds))


def _last_byte(link: Link) -> float:
    """Seconds from the order's return to the last byte of a flood that its receiver still got."""
    with socket.create_connection((link.host, link.port)) as connection:
        connection.sendall(ECHO)
        stop = threading.Event()
        sender = threading.Thread(target=_flood, args=(connection, stop))
        sender.start()
        connection.recv(1)
        stall = link.stall(direction="down")
        link.route.put(*stall._effects())  # noqa: SLF001 - without the proof, which is measured by itself
        returned = last = time.perf_counter()
        while select.select([connection], [], [], 0.05)[0]:
            connection.recv(len(PIECE))
            last = time.perf_counter()
        stop.set()
        link.route.exchange(type(link.route.policy)())
        while sender.is_alive():
            connection.recv(len(PIECE))
            sender.join(0)
    return last - returned


def _flood(connection: socket.socket, stop: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while not stop.is_set():
            connection.send(PIECE[: 1 << 16])


def _stalled(link: Link) -> float:
    began = time.perf_counter()
    with link.stall():
        pass
    return time.perf_counter() - began


def _stream(way: Address) -> float:
    """Seconds that it takes."""
    with socket.create_connection(way) as connection:
        began = time.perf_counter()
        connection.sendall(COUNT + SENT.to_bytes(8, "big"))
        for _ in range(SENT // len(PIECE)):
            connection.sendall(PIECE)
        got = connection.recv(8)  # not after an end of ours: Toxiproxy would take that for the end of all
        seconds = time.perf_counter() - began
    assert int.from_bytes(got, "big") == SENT
    return seconds


def _requests(way: Address) -> float:
    """1,000 times the median of one, in seconds."""
    took = []
    with socket.create_connection(way) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(ECHO)
        for _ in range(REQUESTS):
            began = time.perf_counter()
            connection.sendall(PIECE[:64])
            connection.recv(64)
            took.append(time.perf_counter() - began)
    return median(took) * 1000


def _crowd(way: Address) -> float:
    """Seconds until all are open and each has had its answer."""
    with contextlib.ExitStack() as opened:
        began = time.perf_counter()
        connections = [opened.enter_context(socket.create_connection(way)) for _ in range(AT_ONCE)]
        for connection in connections:
            connection.sendall(ECHO + PIECE[:64])
        for connection in connections:
            connection.recv(64)
        return time.perf_counter() - began


@contextlib.contextmanager
def _peer() -> Iterator[Address]:
    command = [sys.executable, str(Path(__file__).with_name("relay_peer.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdout is not None
        try:
            yield "127.0.0.1", int(peer.stdout.readline())
        finally:
            peer.kill()


@contextlib.contextmanager
def _toxiproxy(target: Address) -> Iterator[Address]:
    """The address of a proxy of its own server."""
    obtain(TOXIPROXY)
    with Rig("bench") as rig:
        server = rig.add(toxiproxy())
        rig.start()
        made = ToxiproxyClient(server.url).proxy("peer", f"{target[0]}:{target[1]}")
        host, _, port = made["listen"].rpartition(":")
        yield host, int(port)
