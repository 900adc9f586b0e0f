"""Links for datagrams: some are lost, late, doubled or overtaken, and each fault is proven both ways."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.programs import python

from metricrig import Rig, UsageError
from metricrig.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.links.datagram_faults import DatagramFault
from metricrig.faults.links.datagram_link import DatagramLink
from metricrig.relay.policy import Policy
from metricrig.relay.route import Route

ECHO = """
    door = socket.socket(type=socket.SOCK_DGRAM)
    door.bind((HOST, int(sys.argv[1])))
    print("ready")
    while True:
        data, source = door.recvfrom(1000)
        door.sendto(data, source)
        print("answered", data)
"""
KINDS: dict[str, Callable[[DatagramLink], DatagramFault]] = {
    "drop all": lambda link: link.drop(),
    "drop some": lambda link: link.drop(share=0.3, seed=5),
    "drop few up": lambda link: link.drop(share=0.01, direction="up"),
    "duplicate": lambda link: link.duplicate(share=0.5),
    "reorder": lambda link: link.reorder(at_most=10),
    "reorder down": lambda link: link.reorder(share=0.5, direction="down", seed=9, at_most=10),
    "delay": lambda link: link.delay(latency=0.03),
    "delay some": lambda link: link.delay(latency=0.02, jitter=0.02, share=0.4),
    "long delay": lambda link: link.delay(latency=5, direction="down"),
}


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Rig("datagrams") as made:
        made.add(python("echo", ECHO, "{port}", ports={"statsd": 8125}, ready=lambda echo: echo.logged("ready")))
        yield made


@pytest.fixture
def link(rig: Rig) -> DatagramLink:
    return rig.link("echo", udp=True)


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_is_proven_to_bite_and_to_have_healed(link: DatagramLink, kind: str) -> None:
    fault = KINDS[kind](link)
    for _ in range(2):
        with fault:
            assert fault.evidence
        assert fault.healing_evidence
    assert (link.counts.accepted, link.counts.open) == (0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_that_does_nothing_is_an_error(link: DatagramLink, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "put", lambda *_: None)
    monkeypatch.setattr("metricrig.faults.links.witness.ANSWER_SECONDS", 0.5)
    with pytest.raises(FaultWithoutEffect):
        KINDS[kind](link).start()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_that_stays_is_an_error(link: DatagramLink, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = KINDS[kind](link).start()
    with monkeypatch.context() as patched:
        for module in ("witness.ANSWER_SECONDS", "datagram_faults.HEALED_SECONDS"):
            patched.setattr(f"metricrig.faults.links.{module}", 0.5)
        patched.setattr(Route, "take", lambda *_: None)
        patched.setattr(Route, "policy", Policy())
        with pytest.raises(FaultNotHealed):
            fault.heal()
    fault.heal()
    assert not fault.in_force


def test_users_datagrams_feel_it_and_go_to_the_service_and_back(rig: Rig, link: DatagramLink) -> None:
    rig.start()
    with socket.socket(type=socket.SOCK_DGRAM) as user:
        user.settimeout(30)
        user.connect((link.host, link.port))
        user.send(b"one")
        assert user.recv(100) == b"one"
        with link.drop(direction="down"):
            user.send(b"two")
            rig["echo"].wait(lambda echo: echo.logged("answered b'two'"))
            assert (link.counts.up, link.counts.down) == (6, 3)
        with link.duplicate(direction="up"):
            user.send(b"three")
            assert [user.recv(100), user.recv(100)] == [b"three", b"three"]
    assert (link.counts.accepted, link.counts.up) == (1, len("onetwothreethree"))


def test_wrong_calls_are_refused_with_the_right_ones(link: DatagramLink) -> None:
    wrong: list[tuple[Callable[[], Any], str]] = [
        (link.delay, "how long"),
        (lambda: link.drop(share=0), "share=0.3"),
        (lambda: link.reorder(share=1.0), "share=0.2"),
    ]
    for call, right in wrong:
        with pytest.raises(UsageError, match=right):
            call()
