"""What users of a link feel, on connections of their own: those that are open, and those that come."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from support.waiting import eventually

from metricrig.links import Link, link_to
from metricrig.relay.effects import ShutDoor


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        listener.settimeout(30)
        yield listener


@pytest.fixture
def link(server: socket.socket) -> Iterator[Link]:
    with link_to(f"127.0.0.1:{server.getsockname()[1]}") as made:
        yield made


class Pair:
    """Both ends of a user's connection."""

    def __init__(self, link: Link, server: socket.socket) -> None:
        self.near = socket.create_connection((link.host, link.port), 30)
        self.far, _ = server.accept()
        self.far.settimeout(30)

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture
def pair(link: Link, server: socket.socket) -> Iterator[Pair]:
    made = Pair(link, server)
    yield made
    made.close()


def heard(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := end.recv(1 << 16)):
        data += more
    return data


def fate(end: socket.socket) -> str:
    """How a connection is: open, closed or reset."""
    if not select.select([end], [], [], 0)[0]:
        return "open"
    try:
        return "closed" if end.recv(1) == b"" else "open"
    except ConnectionResetError:
        return "reset"


def test_a_cut_concerns_just_those_connections_that_the_seed_decides(link: Link, server: socket.socket) -> None:
    pairs = [Pair(link, server) for _ in range(40)]
    with contextlib.ExitStack() as until:
        for each in pairs:
            until.callback(each.close)
        chosen = [ShutDoor(name="", share=0.3, seed=7).concerns(number) for number in range(1, 81)]
        assert 4 < sum(chosen[:40]) < 20
        with link.cut(share=0.3, seed=7):
            assert [fate(each.near) == "reset" for each in pairs] == chosen[:40]
            assert [fate(each.far) == "reset" for each in pairs] == chosen[:40]
            for reset in chosen[40:]:
                if reset:
                    with (
                        pytest.raises(ConnectionResetError),
                        socket.create_connection((link.host, link.port), 30) as near,
                    ):
                        near.recv(1)
                else:
                    new = Pair(link, server)
                    new.near.sendall(b"?")
                    assert heard(new.far, 1) == b"?"
                    new.close()


def test_a_stall_holds_what_is_sent_by_those_who_were_there_and_those_who_come(
    link: Link, server: socket.socket, pair: Pair
) -> None:
    with link.stall(direction="up"):
        pair.near.sendall(b"a" * 100_000)
        pair.near.shutdown(socket.SHUT_WR)
        with socket.create_connection((link.host, link.port), 30) as new:
            new.sendall(b"new")
            pair.far.sendall(b"answer")
            assert heard(pair.near, 6) == b"answer"
            assert fate(pair.far) == "open"
            assert not select.select([server], [], [], 0)[0]
            link.stall(direction="down").start().heal()  # another one, begun and healed meanwhile, changes nothing
            assert fate(pair.far) == "open"
        assert fate(pair.far) == "open"
    assert heard(pair.far, 100_000) == b"a" * 100_000
    assert pair.far.recv(1) == b""
    with server.accept()[0] as late:
        late.settimeout(30)
        assert heard(late, 3) == b"new"


def test_nothing_of_a_flood_passes_once_a_stall_has_begun(link: Link, pair: Pair) -> None:
    """What the system had taken already arrives; the link has counted it, and counts no more."""
    stop = threading.Event()
    got = [0]

    def flood() -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                pair.near.send(bytes(1 << 16))

    def swallow() -> None:
        while data := pair.far.recv(1 << 16):
            got[0] += len(data)

    pair.near.settimeout(0.1)
    threads = [threading.Thread(target=each, daemon=True) for each in (flood, swallow)]
    for each in threads:
        each.start()
    eventually(lambda: got[0] > 1 << 20)
    for _ in range(5):
        with link.stall():
            passed = link.counts.up
            eventually(lambda: got[0] == passed)  # noqa: B023 - called before the next
            assert link.counts.up == passed
        eventually(lambda: got[0] > passed)  # noqa: B023 - as above
    stop.set()
    threads[0].join()
    pair.near.shutdown(socket.SHUT_WR)
    threads[1].join()
    assert got[0] == link.counts.up


def test_a_half_open_direction_swallows_what_is_sent_and_says_nothing(link: Link, pair: Pair) -> None:
    with link.half_open(direction="down"):
        pair.far.sendall(b"lost")
        pair.near.sendall(b"request")
        assert heard(pair.far, 7) == b"request"
        assert fate(pair.near) == "open"
    with pytest.raises(ConnectionResetError):
        heard(pair.near, 4)


def test_who_lost_nothing_in_a_half_open_direction_goes_on(link: Link, pair: Pair) -> None:
    with link.half_open(direction="down"):
        pair.near.sendall(b"request")
        assert heard(pair.far, 7) == b"request"
    pair.far.sendall(b"answer")
    assert heard(pair.near, 6) == b"answer"


def test_latency_is_that_of_a_round_trip_in_each_direction(link: Link, pair: Pair) -> None:
    with link.slow(latency=0.05):
        began = time.monotonic()
        pair.near.sendall(b"?")
        assert heard(pair.far, 1) == b"?"
        pair.far.sendall(b"!")
        assert heard(pair.near, 1) == b"!"
        assert time.monotonic() - began >= 0.1
        pair.near.sendall(b"under way")
    assert heard(pair.far, 9) == b"under way"


def test_slowness_that_ends_lets_all_pass_at_once(link: Link, pair: Pair) -> None:
    with link.slow(rate=10, direction="up"):
        pair.near.sendall(b"x" * 10_000)
        pair.near.shutdown(socket.SHUT_WR)
        assert heard(pair.far, 1)
    assert len(heard(pair.far, 10_000)) > 9_000
    assert pair.far.recv(1) == b""


def test_a_limit_counts_from_its_begin_and_starts_anew_for_each_connection(
    link: Link, server: socket.socket, pair: Pair
) -> None:
    pair.near.sendall(b"before")
    assert heard(pair.far, 6) == b"before"
    with link.limit(bytes=4, direction="up"):
        pair.near.sendall(b"12345678")
        assert heard(pair.far, 100) == b"1234"
        with contextlib.suppress(ConnectionResetError):  # what it has sent in addition is unread
            assert pair.near.recv(1) == b""
        new = Pair(link, server)
        new.near.sendall(b"abcdefgh")
        assert heard(new.far, 100) == b"abcd"
        new.close()


def test_a_reset_comes_after_its_time_for_old_and_new(link: Link, server: socket.socket, pair: Pair) -> None:
    with link.reset_after(seconds=0.3):
        began = time.monotonic()
        new = Pair(link, server)
        for end in (new.near, new.far, pair.near, pair.far):
            with pytest.raises(ConnectionResetError):
                end.recv(1)
        assert time.monotonic() - began >= 0.29
        new.close()


def test_an_end_travels_as_it_was_meant(link: Link, server: socket.socket, pair: Pair) -> None:
    """Half a connection may be closed; and a reset is a reset on the other side."""
    pair.far.shutdown(socket.SHUT_WR)
    assert pair.near.recv(1) == b""
    pair.near.sendall(b"still heard")
    assert heard(pair.far, 11) == b"still heard"
    other = Pair(link, server)
    other.near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    other.near.close()
    with pytest.raises(ConnectionResetError):
        other.far.recv(1)
    other.far.close()
