"""Links on which nothing is heard: stalled, when it comes later, or half open, when it never does."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

from metricrig.faults.links.connection_fault import ConnectionFault
from metricrig.faults.links.link_fault import WAYS
from metricrig.relay.effects import Hold, Swallow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.faults.links.witness import Witness
    from metricrig.relay.effects import Effect

_WORDS = b"sent meanwhile"


class _Silence(ConnectionFault):
    """What both have in common: bytes are sent, and are not received."""

    def _bites(self, old: Witness) -> str:
        for way in self.ways:
            old.send(way, _WORDS)
            self._let_others_pass(way)
            if not old.silent(way):
                raise self.without_effect(f"nothing passes {way}", "it does")
        for way in WAYS["both"]:
            if way not in self.ways and old.carry(way, _WORDS).data != _WORDS:
                raise self.without_effect(f"{way} goes on", "nothing passes")
        return f"{len(_WORDS)} bytes were sent {' and '.join(self.ways)} and did not arrive; others' did meanwhile"

    def _heard(self, waiting: Witness | None) -> None:
        """Raise an error unless bytes pass both ways, for one that has waited or a new one."""
        with waiting or self.witness() as each, contextlib.suppress(TimeoutError):
            for way in WAYS["both"]:
                each.send(way, b"!")
            if all(each.caught_up(way) for way in WAYS["both"]):
                return
        raise self.not_healed("a connection is heard", "nothing passes")

    def _let_others_pass(self, way: Literal["up", "down"]) -> None:
        """Return when the relay has had every opportunity to pass on what was sent before.

        Twice, because it may serve what comes at the same time in any order, but nobody twice before all others.
        """
        with self.witness(concerned=False) as free:
            for _ in range(2):
                free.carry(way, b"?")


class Stalled(_Silence):
    """Nothing passes, and nothing is lost."""

    kind = "stall"
    colour = "#7c3aed"
    sentence = "nothing passes, and nothing is lost"

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        for way in self.ways:
            yield way, Hold(name=self._effect, share=self.share, seed=self.seed)

    def _bites(self, old: Witness) -> str:
        new = self.witness()  # which the link accepts, whatever is behind it
        self._kept.append(new)
        return super()._bites(old)

    def _healed(self, old: Witness | None) -> str:
        if old is not None:
            for way in self.ways:
                got = old.carry(way, b"!", size=len(_WORDS) + 1).data
                if got != _WORDS + b"!":
                    raise self.not_healed(f"all that was sent {way} meanwhile arrives, in order", f"{len(got)} bytes")
        self._heard(self._kept[-1] if self._kept else None)
        return "all that was sent meanwhile has arrived, in order"


class HalfOpen(_Silence):
    """What is sent in one direction vanishes."""

    kind = "half open"
    colour = "#6d28d9"

    @property
    def sentence(self) -> str:
        """What it does."""
        return f"what is sent {' and '.join(self.ways)} vanishes, and nobody is told"

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        for way in self.ways:
            yield way, Swallow(name=self._effect, share=self.share, seed=self.seed)

    def _healed(self, old: Witness | None) -> str:
        if old is not None and (how := old.how_it_ended()) != "reset":
            raise self.not_healed("a connection that has lost something is reset", how or "it is still open")
        self._heard(None)
        return "a connection that had lost something was reset; on a new one, bytes pass both ways"
