"""Faults of links: effects that are put into a route's policy, and witnesses that feel them and how they go."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Literal, Self

from metricrig._core.arguments import count, number, wrong
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.fault import Fault
from metricrig.faults.witness import Witness
from metricrig.relay.errors import RelayLost
from metricrig.relay.policy import DOWN, UP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.faults.link import Link
    from metricrig.faults.witness import Way
    from metricrig.lifecycle.active_faults import ActiveFaults
    from metricrig.relay.effects import Effect

    Direction = Literal["up", "down", "both"]

WAYS: dict[str, tuple[Way, ...]] = {"up": (UP,), "down": (DOWN,), "both": (UP, DOWN)}
_numbers = itertools.count(1)


class LinkFault(Fault):
    """Something done to a link."""

    def __init__(
        self, link: Link, active: ActiveFaults, *, direction: Direction = "both", share: float = 1.0, seed: int = 0
    ) -> None:
        super().__init__(link.name, active)
        self.link = link
        self.direction = _checked_direction(self._call, direction)
        self.share = number(self._call, "share", share)
        if not 0 < self.share <= 1:
            raise wrong(self._call, "share", share, "the share of the connections, above 0 and up to 1: share=0.3")
        self.seed = count(self._call, "seed", seed)
        self._effect = f"{self.kind.replace(' ', '-')}-{next(_numbers)}"
        """Its name in the policy."""
        self._kept: list[Witness] = []
        self._kept_out = ""

    def under(self, effect: str) -> Self:
        """The same, under this name in the policy: where several processes give orders to one relay."""
        self._effect = effect
        return self

    @property
    def _call(self) -> str:
        """How one calls for it."""
        return f"link.{self.kind.replace(' ', '_')}"

    @property
    def ways(self) -> tuple[Way, ...]:
        """The directions that it is about."""
        return WAYS[self.direction]

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        """What it puts into the policy, each with its place."""
        raise NotImplementedError

    def _bites(self, old: Witness) -> str:
        """How a witness that was connected before feels it; raises ``FaultWithoutEffect``."""
        raise NotImplementedError

    def _healed(self, old: Witness | None) -> str:
        """How the same one does without it, and new ones; raises ``FaultNotHealed``. At a second try it is gone."""
        raise NotImplementedError

    # --- the steps of every fault

    def _inflict(self) -> None:
        self._kept_out = self._shut_by()
        if not self._kept_out:
            self._kept.append(self._connected(self._effect))
        self.link.route.put(*self._effects())

    def _proof(self) -> str:
        if self._kept_out:
            return f"it is in the link's policy, and cannot be felt while {self._kept_out} is in force"
        return self._bites(self._kept[0])

    def _mend(self) -> None:
        with contextlib.suppress(RelayLost):
            self.link.route.take(self._effect)

    def _proof_of_health(self) -> str:
        try:
            if self.link.route.policy.named(self._effect):
                raise self.not_healed("it is out of the link's policy", "it is there")
            if others := self._kept_out or self._shut_by():
                return f"it is out of the link's policy, and nobody could feel it while {others} was in force"
            return self._healed(self._kept[0] if self._kept else None)
        except RelayLost:
            return "the relay is gone, and the link with it"
        finally:
            self._let_go()

    def _withdraw(self) -> None:
        try:
            super()._withdraw()
        finally:
            self._let_go()

    # --- for the kinds

    def witness(self, *, concerned: bool = True) -> Witness:
        """A new one, whom this fault concerns; or nothing does."""
        return Witness(self.link.route, self._effect if concerned else None)

    def without_effect(self, expected: str, seen: str) -> FaultWithoutEffect:
        """The error for one that has not taken hold."""
        return FaultWithoutEffect(self.name, expected=expected, seen=seen)

    def not_healed(self, expected: str, seen: str) -> FaultNotHealed:
        """The error for one that has not healed."""
        return FaultNotHealed(self.name, expected=expected, seen=seen)

    def _another(self) -> Witness:
        """A witness for whom the one that was connected before is gone."""
        self._kept.append(self._connected(self._effect))
        return self._kept[-1]

    def _connected(self, effect: str | None) -> Witness:
        """One through which bytes go both ways."""
        made = Witness(self.link.route, effect)
        for way in (UP, DOWN):
            made.carry(way, b"?")
        return made

    def _shut_by(self) -> str:
        """The other effects that keep everybody out, by name."""
        policy = self.link.route.policy
        return ", ".join(each.name for each in policy.door if each.share >= 1 and each.name != self._effect)

    def _let_go(self) -> None:
        for each in self._kept:
            each.close()
        self._kept.clear()


def both_pass(witness: Witness) -> bool:
    """Whether a byte goes through a witness in each direction."""
    return all(witness.carry(way, b"!").data == b"!" for way in (UP, DOWN))


def _checked_direction(call: str, given: Direction) -> Direction:
    if given not in WAYS:
        raise wrong(call, "direction", given, 'direction="up" (towards the target), "down" (back) or "both"')
    return given
