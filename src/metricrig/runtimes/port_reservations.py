"""The ports of a rig's services: kept from others from the moment they are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import PortTaken, Unavailable
from metricrig._core.ports import Reservation, foreign_listener
from metricrig.janitor.process_tree import mark_of
from metricrig.placement import Ports

if TYPE_CHECKING:
    from metricrig.service import Service


class Reservations:
    """A port of 127.0.0.1 for each name, service by service."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Reservation]] = {}

    def make(self, service: Service) -> Ports:
        """Choose a number for each name; a fixed one is that, or an error."""
        kept = self._kept[service.name] = {}
        for name in service.ports:
            number = service.fixed_ports.get(name)
            kept[name] = Reservation() if number is None else self._fixed(service.name, name, number)
        return Ports({name: each.port for name, each in kept.items()})

    def _fixed(self, service: str, name: str, number: int) -> Reservation:
        for other, kept in self._kept.items():
            if any(each.port == number for each in kept.values()):
                raise PortTaken(service, port=name, number=number, holder=f"{other} of the same rig", fixed=True)
        try:
            reservation = Reservation(number)
        except PermissionError as error:
            raise Unavailable(
                f"port {number} for {service}",
                reason="the system keeps ports of low numbers for root",
                remedy=f"a higher number; a container may listen on it inside: Fixed({8000 + number}, inside={number})",
            ) from error
        except OSError as error:
            raise PortTaken(service, port=name, number=number, holder=_holder(number), fixed=True) from error
        if foreign_listener([number], ours=()) is not None:  # on another address of this machine
            reservation.release()
            raise PortTaken(service, port=name, number=number, holder=_holder(number), fixed=True)
        return reservation

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


def _holder(number: int) -> str:
    """Who has a port, as far as we may see."""
    listener = foreign_listener([number], ours=())
    if listener is None:
        return f"a socket that does not listen (`ss -tanp sport = :{number}` may tell whose)"
    rig, _, service = mark_of(listener.pid).partition("/") if listener.pid else ("", "", "")
    return f"{listener}" + (f", which is {service.partition('/')[0]} of rig {rig}" if rig else "")
