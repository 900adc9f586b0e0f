"""A route as the relay serves it: where it listens, what its policy is, and the connections that it has."""

from __future__ import annotations

from metricrig.relay.effects import ShutDoor
from metricrig.relay.policy import Policy
from metricrig.relay.server.doorway import Doorway
from metricrig.relay.server.gate import RESET
from metricrig.relay.server.relayed_connection import RelayedConnection

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from metricrig.relay.effects import Effect
    from metricrig.relay.server.event_loop import EventLoop
    from metricrig.relay.server.pipes import Pipes

    Address = tuple[str, int]


class ServedRoute:
    """For connections."""

    kind = "tcp"

    def __init__(self, name: str, *, listen: Iterable[Address], target: Address, loop: EventLoop, pipes: Pipes) -> None:
        self.name = name
        self.target = target
        self.policy = Policy()
        self.accepted = 0
        self._connections: set[RelayedConnection] = set()
        self._ended = {"up": 0, "down": 0, "came_up": 0, "came_down": 0}
        """Bytes of connections which are no more."""
        self._proofs: dict[Address, tuple[Address, str | None]] = {}
        self._loop, self._pipes = loop, pipes
        self._doorways: list[Doorway] = []
        try:
            for each in listen:
                self._doorways.append(Doorway(each, loop, self._accepted))
        except OSError:
            self.close()
            raise

    @property
    def listen(self) -> list[Address]:
        """Where it does."""
        return [each.address for each in self._doorways]

    def apply(self, policy: Policy) -> None:
        """Have this policy and no other, for every connection that there is and that comes."""
        self.policy = policy
        closed = any(each.share >= 1 for each in policy.door)
        for doorway in self._doorways:
            doorway.shut() if closed else doorway.open()
        for connection in list(self._connections):
            if any(
                isinstance(each, ShutDoor) and each.reset_open and connection.concerns(each) for each in policy.door
            ):
                connection.finish(RESET)
            else:
                connection.apply(policy)

    def expect_proof(self, source: Address, target: Address, effect: str | None) -> None:
        """A connection that will come from this address is a proof's: it goes to that one's own far end.

        Of the effects, that of this name concerns it and no other; None, if none does.
        """
        self._proofs[source] = target, effect

    def forget_proof(self, source: Address) -> None:
        """It has not come, or its connection has ended."""
        self._proofs.pop(source, None)

    def hang_up(self) -> None:
        """Reset all connections."""
        for connection in list(self._connections):
            connection.finish(RESET)

    def close(self) -> None:
        """Listen no more, and have no connections."""
        for doorway in self._doorways:
            doorway.close()
        self.hang_up()

    def as_data(self) -> dict[str, Any]:
        """For a message."""
        return {
            "name": self.name,
            "kind": self.kind,
            "listen": self.listen,
            "target": self.target,
            "policy": self.policy.as_data(),
            "accepted": self.accepted,
            "open": sum(each.number > 0 for each in self._connections),
            **self._bytes(),
        }

    def _bytes(self) -> dict[str, int]:
        """What has passed, and what came, in all connections that there have been."""
        sums = dict(self._ended)
        for each in self._connections:
            _add(each, sums)
        return sums

    def _accepted(self, near: socket.socket, source: Address) -> None:
        proof = self._proofs.pop(source, None)
        if proof is None:
            self.accepted += 1
            number, target = self.accepted, self.target
            self._connect(near, number, target, lambda effect: effect.concerns(number))
        else:
            target, name = proof
            self._connect(near, 0, target, lambda effect: effect.name == name)

    def _connect(self, near: socket.socket, number: int, target: Address, concerns: Callable[[Effect], bool]) -> None:
        connection = RelayedConnection(
            near,
            number=number,
            target=target,
            concerns=concerns,
            loop=self._loop,
            pipes=self._pipes,
            gone=self._gone,
        )
        self._connections.add(connection)
        if any(concerns(each) for each in self.policy.door):
            connection.finish(RESET)
        else:
            connection.apply(self.policy)

    def _gone(self, connection: RelayedConnection) -> None:
        self._connections.discard(connection)
        _add(connection, self._ended)


def _add(connection: RelayedConnection, sums: dict[str, int]) -> None:
    if connection.number:  # a proof's has none, and is not counted
        for name, stream in (("up", connection.up), ("down", connection.down)):
            sums[name] += stream.passed
            sums[f"came_{name}"] += stream.came


def addresses(given: Sequence[Sequence[Any]]) -> list[Address]:
    """As messages have them."""
    return [(str(host), int(port)) for host, port in given]
