"""What the relay does to bytes: nothing is lost, doubled, changed or out of order unless an effect says so."""

from __future__ import annotations

import random
import resource
import selectors
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import streams
from support.waiting import eventually

from metricrig import Rig
from metricrig.janitor.client import janitor
from metricrig.relay.effects import Corruption, Delay, Effect, Hold, Rate, ShutDoor, Slicing, SlowClose
from metricrig.relay.policy import DOOR, DOWN, UP, Policy
from metricrig.relay.relay_process import RelayProcess

MEGABYTES = 100


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    with Rig("relayed") as rig:
        made = RelayProcess(janitor(), rig=rig.id, directory=rig.directory)
        yield made
        made.close()


def effects(dice: random.Random) -> list[tuple[str, Effect]]:
    """Some that lose nothing."""
    share = dice.choice([1.0, 1.0, 0.5])
    all_of_them: list[Effect] = [
        Hold(name="stall", share=share),
        Delay(name="latency", latency=dice.random() / 50, jitter=dice.random() / 50, share=share),
        Rate(name="rate", bytes_per_second=dice.choice([1e6, 1e7, 1e9]), share=share),
        Slicing(name="split", size=dice.choice([7, 1000, 30_000]), variation=dice.choice([0, 5]), share=share),
        SlowClose(name="close", seconds=dice.random() / 10),
    ]
    return [(dice.choice([UP, DOWN]), each) for each in dice.sample(all_of_them, dice.randint(1, 3))]


@pytest.mark.parametrize("cut", [False, True])
def test_a_hundred_megabytes_pass_whatever_is_exchanged_meanwhile(relay: RelayProcess, *, cut: bool) -> None:
    """Stalled, slow, split, and with cuts and new connections: what arrives is what was sent, once and in order."""
    size, dice = MEGABYTES << 20, random.Random(15)
    with streams.Receiver(size) as receiver:
        route = relay.open("stream", receiver.address)
        sent: list[int] = []
        sender = threading.Thread(target=lambda: sent.append(streams.send(route.listen[0], size)))
        sender.start()
        exchanges = 0
        while sender.is_alive():
            if cut and not dice.randrange(20):
                route.put((DOOR, ShutDoor(name="cut", reset_open=True)))
            else:
                policy = Policy()
                for place, effect in effects(dice):
                    policy = policy.put(place, effect)
                route.exchange(policy)
            sender.join(dice.random() / 100)
            route.exchange(Policy())
            sender.join(dice.random() / 50)
            exchanges += 1
        assert receiver.wrong == ""
        assert receiver.got == size
        assert sent[0] > 0
        assert exchanges > 10
        assert (receiver.connections > 1) is cut


def test_an_effect_that_changes_bytes_is_noticed(relay: RelayProcess) -> None:
    """Or the test above would be green whatever happens."""
    with streams.Receiver(1 << 20) as receiver:
        route = relay.open("stream", receiver.address)
        route.put((UP, Corruption(name="corrupt", one_in=1 << 19)))
        threading.Thread(target=lambda: streams.send(route.listen[0], 1 << 20), daemon=True).start()
        eventually(lambda: receiver.wrong)


def connections(address: tuple[str, int], number: int) -> list[socket.socket]:
    return [socket.create_connection(address, 60) for _ in range(number)]


class Echo:
    """A server of many connections."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=2000)
        self.address: tuple[str, int] = self.listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        chosen = selectors.DefaultSelector()
        chosen.register(self.listener, selectors.EVENT_READ)
        while self.listener.fileno() >= 0:
            for key, _ in chosen.select(0.1):
                ready: socket.socket = key.fileobj  # type: ignore[assignment]
                if ready is self.listener:
                    chosen.register(ready.accept()[0], selectors.EVENT_READ)
                    continue
                try:
                    data = ready.recv(1 << 16)
                    ready.sendall(data)
                except OSError:
                    data = b""
                if not data:
                    chosen.unregister(ready)
                    ready.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    served = Echo()
    yield served
    served.listener.close()


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 5000:
        pytest.skip(f"this machine lets a process have {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 5000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def descriptors(relay: RelayProcess) -> int:
    return len(list(Path(f"/proc/{relay.pid}/fd").iterdir()))


def test_a_thousand_connections_at_once(relay: RelayProcess, echo: Echo, many_descriptors: None) -> None:
    route = relay.open("echo", echo.address)
    before = descriptors(relay)
    made = connections(route.listen[0], 1000)
    for held in (False, True):
        if held:
            route.put((UP, Hold(name="stall")))
        for number, each in enumerate(made):
            each.sendall(b"%d\n" % number)
        route.take("stall")
        for number, each in enumerate(made):
            assert each.makefile("rb").readline() == b"%d\n" % number
    assert route.counts.open >= 1000  # a stranger may have tried the port
    for each in made:
        each.close()
    eventually(lambda: descriptors(relay) <= before + 32)  # a few spare pipes


def test_ten_thousand_connections_leave_no_descriptor(relay: RelayProcess, echo: Echo) -> None:
    route = relay.open("echo", echo.address)
    for number in range(10_000):
        with socket.create_connection(route.listen[0], 60) as each:
            if number % 10 == 0:
                each.sendall(b"?")
                assert each.recv(1) == b"?"
    eventually(lambda: route.counts.open == 0)
    assert route.counts.accepted >= 10_000  # see above
    assert descriptors(relay) < 60
