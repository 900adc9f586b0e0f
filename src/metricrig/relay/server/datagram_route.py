"""A route for datagrams: each sender has a socket of its own towards the target, on which the answers come."""

from __future__ import annotations

import socket

from metricrig.relay.policy import Policy
from metricrig.relay.server.datagram_flow import DatagramFlow
from metricrig.relay.server.event_loop import READ

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from metricrig.relay.effects import Effect
    from metricrig.relay.server.event_loop import EventLoop

    Address = tuple[str, int]

_LARGEST = 1 << 16
_AT_ONCE = 64
"""Datagrams that are taken before others have their turn."""
_MOST_SENDERS = 2048
"""Of which the one is forgotten that has come first."""


class DatagramSender:
    """One who sends: the way to the target, and back."""

    def __init__(
        self, route: DatagramRoute, number: int, source: Address, door: socket.socket, target: Address
    ) -> None:
        self.number = number
        family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        self._socket.connect(target)
        self._loop = route.loop
        self.up = DatagramFlow(number, route.loop, lambda data: _send(lambda: self._socket.send(data)))
        self.down = DatagramFlow(number, route.loop, lambda data: _send(lambda: door.sendto(data, source)))
        self._loop.watch(self._socket.fileno(), READ, self._answered)

    def close(self) -> None:
        """Forget it."""
        self.up.close()
        self.down.close()
        self._loop.forget(self._socket.fileno())
        self._socket.close()

    def _answered(self, _: int) -> None:
        for _number in range(_AT_ONCE):
            try:
                data = self._socket.recv(_LARGEST)
            except OSError:  # nothing more; or that nobody listens there, which no sender of datagrams hears of us
                return
            self.down.arrive(data)


class DatagramRoute:
    """Like ``ServedRoute``, which is for connections."""

    kind = "udp"

    def __init__(self, name: str, *, listen: Iterable[Address], target: Address, loop: EventLoop) -> None:
        self.name = name
        self.target = target
        self.policy = Policy()
        self.accepted = 0
        self.loop = loop
        self._senders: dict[tuple[int, Address], DatagramSender] = {}
        self._passed = {"up": 0, "down": 0}
        self._proofs: dict[Address, tuple[Address, str | None]] = {}
        self._doors: list[socket.socket] = []
        try:
            for each in listen:
                self._open(each)
        except OSError:
            self.close()
            raise

    @property
    def listen(self) -> list[Address]:
        """Where it does."""
        return [each.getsockname() for each in self._doors]

    def apply(self, policy: Policy) -> None:
        """Have this policy and no other."""
        if policy.door:
            raise ValueError("datagrams are not refused at the door: drop them")
        self.policy = policy
        for (_, source), sender in self._senders.items():
            self._apply_to(sender, source)

    def expect_proof(self, source: Address, target: Address, effect: str | None) -> None:
        """Who sends from this address is a proof's: it goes to a far end of its own, under this effect alone."""
        self._proofs[source] = target, effect

    def forget_proof(self, source: Address) -> None:
        """Nothing more comes from it."""
        for key in [each for each in self._senders if each[1] == source]:
            self._forget(key)
        self._proofs.pop(source, None)

    def hang_up(self) -> None:
        """Forget all senders."""
        for key in list(self._senders):
            self._forget(key)

    def close(self) -> None:
        """Listen no more."""
        self.hang_up()
        for each in self._doors:
            self.loop.forget(each.fileno())
            each.close()

    def as_data(self) -> dict[str, Any]:
        """For a message."""
        own = [each for each in self._senders.values() if each.number]
        return {
            "name": self.name,
            "kind": self.kind,
            "listen": self.listen,
            "target": self.target,
            "policy": self.policy.as_data(),
            "accepted": self.accepted,
            "open": len(own),
            "up": self._passed["up"] + sum(each.up.passed for each in own),
            "down": self._passed["down"] + sum(each.down.passed for each in own),
        }

    def _open(self, address: Address) -> None:
        door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._doors.append(door)
        door.settimeout(0)
        door.bind(address)
        self.loop.watch(door.fileno(), READ, lambda _: self._come(door))

    def _come(self, door: socket.socket) -> None:
        for _number in range(_AT_ONCE):
            try:
                data, source = door.recvfrom(_LARGEST)
            except OSError:
                return
            self._sender(door, source).up.arrive(data)

    def _sender(self, door: socket.socket, source: Address) -> DatagramSender:
        key = door.fileno(), source
        if key not in self._senders:
            if len(self._senders) >= _MOST_SENDERS:
                self._forget(next(iter(self._senders)))
            proof = self._proofs.get(source)
            self.accepted += proof is None
            number, target = (0, proof[0]) if proof else (self.accepted, self.target)
            self._senders[key] = DatagramSender(self, number, source, door, target)
            self._apply_to(self._senders[key], source)
        return self._senders[key]

    def _apply_to(self, sender: DatagramSender, source: Address) -> None:
        def concerning(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
            if sender.number:
                return effects
            return tuple(each for each in effects if each.name == self._proofs[source][1])

        sender.up.exchange(concerning(self.policy.up))
        sender.down.exchange(concerning(self.policy.down))

    def _forget(self, key: tuple[int, Address]) -> None:
        sender = self._senders.pop(key)
        sender.close()
        if sender.number:
            self._passed["up"] += sender.up.passed
            self._passed["down"] += sender.down.passed


def _send(call: Any) -> None:
    try:
        call()
    except OSError:
        pass  # as with all datagrams: what does not fit, or nobody wants, is lost
