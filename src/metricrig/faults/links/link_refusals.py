"""Links that refuse: a cut resets what is open as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.faults.links.connection_fault import ConnectionFault, both_pass
from metricrig.relay.effects import ShutDoor
from metricrig.relay.policy import DOOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.faults.links.witness import Witness
    from metricrig.relay.effects import Effect


class Refused(ConnectionFault):
    """New connections are refused."""

    kind = "refuse"
    colour = "#c2410c"
    sentence = "new connections are refused; those that are open go on"

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        yield DOOR, ShutDoor(name=self._effect, share=self.share, seed=self.seed)

    def _bites(self, old: Witness) -> str:
        if not both_pass(old):
            raise self.without_effect("a connection that was open goes on", "nothing passes")
        return f"{self._refused()}; one that was open goes on"

    def _healed(self, old: Witness | None) -> str:
        if old is not None and not both_pass(old):
            raise self.not_healed("a connection that was open goes on", "nothing passes")
        return self._accepted()

    def _refused(self) -> str:
        """How a new connection is refused."""
        wanted = "refused" if self.share >= 1 else "reset"
        seen = self._knock()
        if seen != wanted:
            raise self.without_effect(f"a new connection is {wanted}", f"it is {seen}")
        return f"a new connection is {seen}"

    def _accepted(self) -> str:
        seen = self._knock()
        if seen != "accepted":
            raise self.not_healed("a new connection is accepted", f"it is {seen}")
        return "a new connection is accepted, and bytes pass both ways"

    def _knock(self) -> str:
        """What becomes of a new connection that it concerns."""
        try:
            with self.witness() as new:
                seen = new.reception()
                return "accepted, and nothing passes" if seen == "accepted" and not both_pass(new) else seen
        except ConnectionRefusedError:
            return "refused"
        except ConnectionResetError:
            return "reset"


class Cut(Refused):
    """All connections are reset, and new ones refused."""

    kind = "cut"
    colour = "#dc2626"
    sentence = "connections are reset, and new ones refused"

    def _effects(self) -> Iterator[tuple[str, Effect]]:
        yield DOOR, ShutDoor(name=self._effect, share=self.share, seed=self.seed, reset_open=True)

    def _bites(self, old: Witness) -> str:
        how = old.how_it_ended()
        if how != "reset":
            raise self.without_effect("a connection that was open is reset", f"it is {how or 'still open'}")
        return f"a connection that was open was reset; {self._refused()}"

    def _healed(self, old: Witness | None) -> str:
        del old
        return self._accepted()
