"""What becomes of one datagram under the effects of a route: decided on data, alike for the relay and for a proof."""

from __future__ import annotations

from metricrig._core.frozen_class import frozen
from metricrig.relay.chance import chance
from metricrig.relay.effects import OF_DATAGRAMS, Delay, Duplication, Hold, Loss, Reordering

TYPE_CHECKING = False  # not typing's: the relay starts without
if TYPE_CHECKING:
    from collections.abc import Iterable

    from metricrig.relay.effects import Effect


@frozen
class Fate:
    """How often it arrives, how much later, and what it waits for."""

    copies: int
    delay: float
    """Seconds."""
    held: bool
    """Until there is no hold any more."""
    overtaken_within: float | None
    """It waits for the next one to overtake it, at most so many seconds; None if it waits for none."""


def fate_of(effects: Iterable[Effect], number: int, count: int) -> Fate:
    """Of the count-th datagram of the sender of this number."""
    chosen = [each for each in effects if _concerns(each, number, count)]
    return Fate(
        copies=0 if _any(chosen, Loss) else 1 + sum(isinstance(each, Duplication) for each in chosen),
        delay=sum(each.of(number, count) for each in chosen if isinstance(each, Delay)),
        held=_any(chosen, Hold),
        overtaken_within=max((each.at_most for each in chosen if isinstance(each, Reordering)), default=None),
    )


def _concerns(effect: Effect, number: int, count: int) -> bool:
    """Whether it is among the share; of two kinds with the same seed, each has its own."""
    return effect.share >= 1 or chance(effect.seed, OF_DATAGRAMS.index(type(effect)), number, count) < effect.share


def _any(effects: Iterable[Effect], kind: type[Effect]) -> bool:
    return any(isinstance(each, kind) for each in effects)
