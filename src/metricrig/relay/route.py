"""A route of a relay, for whoever gives it orders. Each is in force for every byte when it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.frozen_class import frozen_by_name
from metricrig.relay.policy import policy_of

if TYPE_CHECKING:
    from metricrig.relay.control_line import ControlLine
    from metricrig.relay.effects import Effect
    from metricrig.relay.policy import Policy

Address = tuple[str, int]


@frozen_by_name
class RouteCounts:
    """What has passed so far: connections, and bytes."""

    accepted: int
    open: int
    up: int
    down: int


class Route:
    """From the addresses where it listens to its target. What proofs do is not counted."""

    def __init__(self, control: ControlLine, known: dict[str, Any]) -> None:
        self._control = control
        self.name: str = known["name"]
        self.kind: str = known["kind"]
        """"tcp" or "udp"."""
        self.listen: tuple[Address, ...] = tuple((host, port) for host, port in known["listen"])

    @property
    def target(self) -> Address:
        """Where it leads."""
        host, port = self._look()["target"]
        return host, port

    @property
    def policy(self) -> Policy:
        """All the effects that are in force."""
        return policy_of(self._look()["policy"])

    @property
    def counts(self) -> RouteCounts:
        """What has passed so far."""
        known = self._look()
        return RouteCounts(accepted=known["accepted"], open=known["open"], up=known["up"], down=known["down"])

    def put(self, *effects: tuple[str, Effect]) -> None:
        """Add effects, each at its place; those that have the name of one that is there replace it."""
        self._ask("put", effects=[(place, effect.as_data()) for place, effect in effects])

    def take(self, name: str) -> None:
        """Take out the effects of this name, wherever they are."""
        self._ask("take", name=name)

    def exchange(self, policy: Policy) -> None:
        """Have this policy and no other."""
        self._ask("exchange", policy=policy.as_data())

    def aim(self, target: Address) -> None:
        """Lead new connections to another target; those that are open stay."""
        self._ask("aim", target=target)

    def hang_up(self) -> None:
        """Reset its connections."""
        self._ask("hang_up")

    def expect_proof(self, source: Address, target: Address, effect: str | None) -> None:
        """Lead the connection that will come from this source to a target of its own.

        Only the effects of this name concern it, whatever their share; with None, none does.
        """
        self._ask("expect", source=source, target=target, effect=effect)

    def forget_proof(self, source: Address) -> None:
        """Nothing more will come from it: for datagrams, which have no end of their own."""
        self._ask("forget", source=source)

    def close(self) -> None:
        """Remove it, and reset its connections."""
        self._ask("close")

    def _look(self) -> dict[str, Any]:
        (known,) = self._ask("look")["routes"]
        return dict(known)

    def _ask(self, op: str, **fields: Any) -> dict[str, Any]:
        return self._control.ask(op, route=self.name, **fields)

    def __repr__(self) -> str:
        return f"<Route {self.name} {self.kind} {', '.join(f'{host}:{port}' for host, port in self.listen)}>"
