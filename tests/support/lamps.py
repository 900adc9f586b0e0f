"""Lamps, to which faults can be done that need no server."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from metricrig.errors import FaultNotHealed, FaultWithoutEffect, Unavailable
from metricrig.faults.fault import Fault

if TYPE_CHECKING:
    from metricrig.lifecycle.active_faults import ActiveFaults


class Lamp:
    """It shines, unless a fault is done to it; ``log`` has what was done to all that share it, in order."""

    def __init__(self, name: str, active: ActiveFaults, log: list[str]) -> None:
        self.name = name
        self.active = active
        self.log = log
        self.on = True
        self.stuck = False
        """Whether nothing that is done to it has an effect."""
        self.ruined = False
        """Whether it stays dark."""
        self.missing = ""
        """Why this machine cannot have it dark."""
        self.darkened = threading.Event()

    def dark(self) -> Dark:
        """Its light off."""
        return Dark(self)

    def red(self) -> Red:
        """Its light red."""
        return Red(self)


class Dark(Fault):
    """Turns off a lamp."""

    kind = "dark"
    colour = "#000000"
    sentence = "its light is off"

    def __init__(self, lamp: Lamp) -> None:
        super().__init__(lamp.name, lamp.active)
        self.lamp = lamp

    def require(self) -> None:
        if self.lamp.missing:
            raise Unavailable(self.name, reason=self.lamp.missing, remedy="wait for the night")

    def _inflict(self) -> None:
        self.lamp.on = self.lamp.stuck

    def _proof(self) -> str:
        if self.lamp.on:
            raise FaultWithoutEffect(self.name, expected="no light", seen="light")
        self.lamp.log.append(f"{self.name} began")
        self.lamp.darkened.set()
        return "no light"

    def _mend(self) -> None:
        self.lamp.on = not self.lamp.ruined

    def _proof_of_health(self) -> str:
        if not self.lamp.on:
            raise FaultNotHealed(self.name, expected="light", seen="no light")
        self.lamp.log.append(f"{self.name} healed")
        return "light"


class Red(Dark):
    """Another fault of the same victim."""

    kind = "red"
    colour = "#ff0000"
