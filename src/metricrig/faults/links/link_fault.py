"""Faults of links: effects that are put into a route's policy, and witnesses that feel them and how they go."""

from __future__ import annotations

import contextlib
import itertools
from abc import abstractmethod
from typing import TYPE_CHECKING, Generic, Literal, Protocol, Self, TypeVar

from metricrig._core.arguments import count, number, wrong
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.fault import Fault
from metricrig.relay.errors import RelayLost
from metricrig.relay.policy import DOWN, UP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metricrig.faults.links.link_way import LinkWay
    from metricrig.lifecycle.active_faults import ActiveFaults
    from metricrig.relay.effects import Effect

    Direction = Literal["up", "down", "both"]
    Way = Literal["up", "down"]


class Closes(Protocol):
    """Something that can be closed."""

    def close(self) -> None:
        """Close it."""


W = TypeVar("W", bound=Closes)
"""The kind of its witnesses."""
WAYS: dict[str, tuple[Way, ...]] = {"up": (UP,), "down": (DOWN,), "both": (UP, DOWN)}
_UNREACHED = "a connection of ours reaches its far end", "it was accepted, and went nowhere"
_SHUT = (ConnectionRefusedError, ConnectionResetError)
_numbers = itertools.count(1)


class LinkFault(Fault, Generic[W]):
    """Something done to a link."""

    def __init__(
        self, link: LinkWay, active: ActiveFaults, *, direction: Direction = "both", share: float = 1.0, seed: int = 0
    ) -> None:
        super().__init__(link.name, active)
        self.link = link
        self.direction = _checked_direction(self._call, direction)
        self.share = number(self._call, "share", share)
        if not 0 < self.share <= 1:
            raise wrong(self._call, "share", share, "the share that it concerns, above 0 and up to 1: share=0.3")
        self.seed = count(self._call, "seed", seed)
        self._effect = f"{self.kind.replace(' ', '-')}-{next(_numbers)}"
        """Its name in the policy."""
        self._kept: list[W] = []

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

    @abstractmethod
    def _effects(self) -> Iterator[tuple[str, Effect]]:
        """What it puts into the policy, each with its place."""

    @abstractmethod
    def _connected(self) -> W:
        """A witness whom this fault concerns, and through whom something has gone both ways."""

    @abstractmethod
    def _bites(self, old: W) -> str:
        """How a witness that was connected before feels it; raises ``FaultWithoutEffect``."""

    @abstractmethod
    def _healed(self, old: W | None) -> str:
        """How the same one does without it, and new ones; raises ``FaultNotHealed``. At a second try it is gone."""

    # --- the steps of every fault

    def _inflict(self) -> None:
        with contextlib.suppress(*_SHUT, TimeoutError):  # by another fault; by what else, the proof tells
            self._another()
        self.link.route.put(*self._effects())

    def _proof(self) -> str:
        try:
            return self._unless_shut(lambda: self._bites(self._kept[0] if self._kept else self._another()))
        except TimeoutError as error:
            raise self.without_effect(*_UNREACHED) from error

    def _mend(self) -> None:
        with contextlib.suppress(RelayLost):
            self.link.route.take(self._effect)

    def _proof_of_health(self) -> str:
        try:
            if self.link.route.policy.named(self._effect):
                raise self.not_healed("it is out of the link's policy", "it is there")
            return self._unless_shut(lambda: self._healed(self._kept[0] if self._kept else None))
        except TimeoutError as error:
            raise self.not_healed(*_UNREACHED) from error
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

    def without_effect(self, expected: str, seen: str) -> FaultWithoutEffect:
        """The error for one that has not taken hold."""
        return FaultWithoutEffect(self.name, expected=expected, seen=seen)

    def not_healed(self, expected: str, seen: str) -> FaultNotHealed:
        """The error for one that has not healed."""
        return FaultNotHealed(self.name, expected=expected, seen=seen)

    def _another(self) -> W:
        """A new witness, which is closed when all is over."""
        self._kept.append(self._connected())
        return self._kept[-1]

    def _unless_shut(self, prove: Callable[[], str]) -> str:
        """What a proof says; or by what else everybody is kept out, so that nobody can feel anything."""
        if others := self._shut_by():
            return f"nobody can feel whether it is there while {others} is in force; the link's policy says so"
        try:
            return prove()
        except _SHUT:
            if not (others := self._shut_by()):
                raise
            return f"nobody can feel whether it is there, {others} has come in between; the link's policy says so"

    def _shut_by(self) -> str:
        """The other effects that keep everybody out, by name."""
        policy = self.link.route.policy
        return ", ".join(each.name for each in policy.door if each.share >= 1 and each.name != self._effect)

    def _let_go(self) -> None:
        for each in self._kept:
            each.close()
        self._kept.clear()


def _checked_direction(call: str, given: Direction) -> Direction:
    if given not in WAYS:
        raise wrong(call, "direction", given, 'direction="up" (towards the target), "down" (back) or "both"')
    return given
