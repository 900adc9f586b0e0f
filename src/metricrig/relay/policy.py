"""A policy: all the effects on one route at one moment. It is never changed, only exchanged for another, as a whole."""

from __future__ import annotations

from metricrig._core.frozen_class import frozen
from metricrig.relay.effects import ShutDoor, effect_of

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    from typing import Any, Literal, Self

    from metricrig.relay.effects import Effect

UP: Literal["up"] = "up"
"""From those who connect towards the target."""
DOWN: Literal["down"] = "down"
"""Back to them."""
DOOR: Literal["door"] = "door"
"""What becomes of new connections."""
PLACES = (UP, DOWN, DOOR)


@frozen
class Policy:
    """The effects in each direction, in the order in which they were put, and the refusals at the door."""

    up: tuple[Effect, ...] = ()
    down: tuple[Effect, ...] = ()
    door: tuple[Effect, ...] = ()

    def put(self, place: str, effect: Effect) -> Self:
        """A policy with this effect: instead of the one of its name and kind there, or after all others."""
        if isinstance(effect, ShutDoor) != (place == DOOR):
            raise ValueError(f"a {type(effect).__name__} has no place in {place!r}")
        others = self._at(place)
        if any(_same(each, effect) for each in others):
            changed = tuple(effect if _same(each, effect) else each for each in others)
        else:
            changed = (*others, effect)
        return type(self)(**{**vars(self), place: changed})

    def without(self, name: str) -> Self:
        """A policy without the effects of this name, wherever they are."""
        return type(self)(*(tuple(each for each in self._at(place) if each.name != name) for place in PLACES))

    def named(self, name: str) -> list[tuple[str, Effect]]:
        """The effects of this name, each with its place."""
        return [(place, each) for place in PLACES for each in self._at(place) if each.name == name]

    def as_data(self) -> dict[str, Any]:
        """For a message."""
        return {place: [each.as_data() for each in self._at(place)] for place in PLACES}

    def _at(self, place: str) -> tuple[Effect, ...]:
        if place not in PLACES:
            raise ValueError(f"effects are at {', '.join(PLACES)}, not at {place!r}")
        found: tuple[Effect, ...] = getattr(self, place)
        return found


def _same(one: Effect, other: Effect) -> bool:
    return one.name == other.name and type(one) is type(other)


def policy_of(data: dict[str, Any]) -> Policy:
    """The policy that a message speaks of."""
    policy = Policy()
    for place in PLACES:
        for each in data.get(place, ()):
            policy = policy.put(place, effect_of(each))
    return policy
