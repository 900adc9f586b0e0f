"""The ports of a rig's services: kept from others from the moment they are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.ports import Reservation
from metricrig.placement import Ports

if TYPE_CHECKING:
    from collections.abc import Iterable


class Reservations:
    """A port of 127.0.0.1 for each name, service by service."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Reservation]] = {}

    def make(self, service: str, names: Iterable[str]) -> Ports:
        """Choose a number for each name."""
        self._kept[service] = {name: Reservation() for name in names}
        return Ports({name: each.port for name, each in self._kept[service].items()})

    def replace(self, service: str, name: str) -> int:
        """Another number for a port that somebody else holds."""
        kept = self._kept[service]
        kept[name].release()
        kept[name] = Reservation()
        return kept[name].port

    def give_up(self, service: str) -> bool:
        """Stop keeping them, for a server that cannot share them with us; False if none were kept."""
        held = [each for each in self._kept.get(service, {}).values() if each.held]
        for each in held:
            each.release()
        return bool(held)

    def give_up_all(self) -> None:
        """Let go of every one."""
        for service in self._kept:
            self.give_up(service)
