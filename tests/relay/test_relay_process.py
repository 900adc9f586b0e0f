"""The relay as it is ordered about: routes, what is in force, and what remains of it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator

import pytest
from support.waiting import eventually

from metricrig import Rig, UsageError
from metricrig._core.sockets import undisturbed
from metricrig.janitor.client import janitor
from metricrig.relay.effects import Delay, Hold, Quota, ShutDoor
from metricrig.relay.errors import RelayLost
from metricrig.relay.policy import DOOR, DOWN, UP, Policy
from metricrig.relay.relay_process import RelayProcess
from metricrig.relay.route import Route


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    with Rig("relayed") as rig:
        made = RelayProcess(janitor(), rig=rig.id, directory=rig.directory)
        yield made
        made.close()


@pytest.fixture
def target() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


@pytest.fixture
def route(relay: RelayProcess, target: socket.socket) -> Route:
    return relay.open("numbers", target.getsockname())


def pair(route: Route, target: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection through the route."""
    near = socket.create_connection(route.listen[0], 30)
    far, _ = target.accept()
    far.settimeout(30)
    return near, far


def heard(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := end.recv(1 << 16)):
        data += more
    return data


def test_bytes_and_ends_go_both_ways(route: Route, target: socket.socket) -> None:
    near, far = pair(route, target)
    with near, far:
        near.sendall(b"question")
        assert heard(far, 8) == b"question"
        near.shutdown(socket.SHUT_WR)
        assert far.recv(1) == b""
        far.sendall(b"answer")
        assert heard(near, 6) == b"answer"
        far.close()
        assert near.recv(1) == b""
        eventually(lambda: route.counts.open == 0)
        assert (route.counts.accepted, route.counts.up, route.counts.down) == (1, 8, 6)


def test_what_is_held_passes_afterwards(route: Route, target: socket.socket) -> None:
    near, far = pair(route, target)
    with near, far:
        route.put((UP, Hold(name="stall")))
        near.sendall(b"question")
        far.sendall(b"answer")
        assert heard(near, 6) == b"answer"
        assert undisturbed(far)
        assert route.policy == Policy(up=(Hold(name="stall"),))
        route.take("stall")
        assert heard(far, 8) == b"question"


def test_a_refusal_resets_what_is_open_if_it_says_so(route: Route, target: socket.socket) -> None:
    near, far = pair(route, target)
    with near, far:
        route.put((DOOR, ShutDoor(name="refuse")))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(route.listen[0], 30)
        near.sendall(b"question")
        assert heard(far, 8) == b"question"
        route.put((DOOR, ShutDoor(name="refuse", reset_open=True)))
        for each in (near, far):
            with pytest.raises(ConnectionResetError):
                each.recv(1)
    route.take("refuse")
    near, far = pair(route, target)
    near.close()
    far.close()


def test_a_target_that_nobody_serves_is_a_reset(relay: RelayProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        target = closed.getsockname()
    route = relay.open("nobody", target)
    with pytest.raises(ConnectionResetError), socket.create_connection(route.listen[0], 30) as near:
        near.recv(1)  # if it has not come before that


def test_a_quota_lets_just_so_many_bytes_pass(route: Route, target: socket.socket) -> None:
    near, far = pair(route, target)
    with near, far:
        near.sendall(b"12345")
        assert heard(far, 5) == b"12345"
        route.put((UP, Quota(name="limit", limit=10)), (DOWN, Delay(name="slow", latency=0.01)))
        near.sendall(b"0123456789abcdef")
        assert heard(far, 99) == b"0123456789"
        assert near.recv(1) == b""


def test_wrong_orders_are_refused(relay: RelayProcess, route: Route) -> None:
    with pytest.raises(UsageError, match="no route 'other'"):
        Route(relay.control, {"name": "other", "kind": "tcp", "listen": []}).hang_up()
    with pytest.raises(UsageError, match="there is a route 'numbers' already"):
        relay.open("numbers", ("127.0.0.1", 1))
    with pytest.raises(OSError, match="Address already in use"):
        relay.open("taken", ("127.0.0.1", 1), listen=route.listen)
    with pytest.raises(UsageError, match="a Hold has no place in 'door'"):
        route.put((DOOR, Hold(name="stall")))


@pytest.mark.parametrize(
    "effect",
    [
        {"kind": "Delay", "name": "x", "latency": "long"},
        {"kind": "Rate", "name": "x"},
        {"kind": "Corruption", "name": "x", "one_in": 0},
        {"kind": "Magic", "name": "x"},
        {"kind": [], "name": "x"},
        {"name": "x", "share": 0.5},
        {},
        7,
    ],
)
def test_an_effect_that_is_none_is_refused_and_the_relay_goes_on(route: Route, effect: object) -> None:
    with pytest.raises(UsageError, match="the relay refuses to put"):
        route._ask("put", effects=[("up", effect)])
    assert route.policy == Policy()


def test_its_end_is_told(relay: RelayProcess, route: Route) -> None:
    os.kill(relay.pid, signal.SIGKILL)
    with pytest.raises(RelayLost):
        route.hang_up()
