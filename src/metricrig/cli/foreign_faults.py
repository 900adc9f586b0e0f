"""Faults in a rig of another process: on its links by orders to its relay, on its services by signals."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig.faults.errors import FaultNotHealed, FaultWithoutEffect
from metricrig.faults.links.link import Link
from metricrig.faults.links.link_addresses import FreeAddresses
from metricrig.faults.links.witness import Witness
from metricrig.janitor import process_tree
from metricrig.lifecycle.active_faults import ActiveFaults
from metricrig.lifecycle.start_order import did_you_mean
from metricrig.relay.control_line import ControlLine
from metricrig.relay.errors import RelayLost
from metricrig.relay.relay_process import DIRECTORY
from metricrig.relay.route import Route

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from metricrig.faults.links.link_fault import LinkFault
    from metricrig.janitor.found_rigs import FoundRig, FoundService

LINK_FAULTS = ("cut", "refuse", "stall", "half-open", "slow", "limit", "reset-after", "split", "corrupt")
PAUSED = "paused"
SERVICE_FAULTS = (PAUSED,)
OURS = "by-command-"
"""How the effects begin that this command has put on a link: those of the rig's own process are not ours to take."""
_FEELS_WITHIN = 30.0
"""Seconds in which a signal has arrived, on a machine however busy."""


class ForeignFaults:
    """What can be done to the links and services of one rig, and what is."""

    def __init__(self, rig: FoundRig) -> None:
        self._rig = rig
        self._services = {each.name: each for each in rig.services if each.alive}
        self._relay = _relay_of(rig)
        self._routes = {} if self._relay is None else _routes_of(self._relay)

    @property
    def victims(self) -> dict[str, tuple[str, ...]]:
        """The names of links and services, each with what can be done to it."""
        known: dict[str, tuple[str, ...]] = dict.fromkeys(self._services, SERVICE_FAULTS)
        for name in self._routes:
            known[name] = (*known.get(name, ()), *LINK_FAULTS)
        return known

    def in_force(self, victim: str) -> list[str]:
        """What is done to it now, whoever has done it."""
        found = []
        if victim in self._services and process_tree.is_frozen(_pid(self._services[victim])):
            found.append(PAUSED)
        if victim in self._routes:
            policy = self._routes[victim].policy
            effects = [each.name for place in (policy.door, policy.up, policy.down) for each in place]
            found += [each.removeprefix(OURS) for each in dict.fromkeys(effects)]
        return found

    def begin(self, victim: str, fault: str, settings: Mapping[str, Any]) -> str:
        """Do it; says how it was proven that it bites."""
        self._require(victim, fault)
        if fault != PAUSED:
            return _link_fault(self._routes[victim], fault, settings).start().evidence
        if settings:
            raise UsageError(f"{PAUSED} has no settings; leave out {', '.join(settings)}")
        return _pause(self._services[victim])

    def end(self, victim: str, fault: str | None) -> list[tuple[str, str]]:
        """End this one, or all that this command can end; says which, and how it was proven that they are over."""
        self._require(victim, fault)
        return list(self._ended(victim, fault))

    def _ended(self, victim: str, fault: str | None) -> Iterator[tuple[str, str]]:
        now = self.in_force(victim)
        if victim in self._services and PAUSED in now and fault in {None, PAUSED}:
            yield PAUSED, _resume(self._services[victim])
        for each in LINK_FAULTS if victim in self._routes else ():
            if fault in {None, each} and self._routes[victim].policy.named(f"{OURS}{each}"):
                yield each, _taken(self._routes[victim], each)

    def _require(self, victim: str, fault: str | None) -> None:
        victims = self.victims
        if victim not in victims:
            raise UsageError(f"{self._rig.rig} has no link or service {victim!r}{did_you_mean(victim, victims)}")
        if fault is not None and fault not in victims[victim]:
            raise UsageError(f"{fault!r} cannot be done to {victim}; what can: {', '.join(victims[victim])}")

    def close(self) -> None:
        """Say nothing more to the relay."""
        if self._relay is not None:
            self._relay.close()


def _relay_of(rig: FoundRig) -> ControlLine | None:
    """None for a rig without links."""
    with contextlib.suppress(FileNotFoundError, ConnectionRefusedError, RelayLost):
        return ControlLine(rig.directory / DIRECTORY)
    return None


def _routes_of(relay: ControlLine) -> dict[str, Route]:
    return {each["name"]: Route(relay, each) for each in relay.ask("look")["routes"] if each["kind"] == "tcp"}


def _link_fault(route: Route, fault: str, settings: Mapping[str, Any]) -> LinkFault[Any]:
    link = Link(route.name, route, FreeAddresses("", route.listen[0]), ActiveFaults())
    try:
        made: LinkFault[Any] = getattr(link, fault.replace("-", "_"))(**settings)
    except TypeError as error:
        said = str(error).partition("() ")[2].replace("keyword-only ", "").replace("argument", "setting")
        raise UsageError(f"{fault} {said}; see: metricrig fault on --help") from None
    effect = f"{OURS}{fault}"
    if route.policy.named(effect):
        raise UsageError(f"{made.name} is in force already; end it first: metricrig fault off")
    return made.under(effect)


def _taken(route: Route, fault: str) -> str:
    name = f"{OURS}{fault}"
    route.take(name)
    if others := [each.name for each in route.policy.door]:
        return f"it is out of the link's policy, and nobody can feel it while {', '.join(others)} is in force"
    with Witness(route, name) as witness:
        if not all(witness.carry(way, b"!").data == b"!" for way in ("up", "down")):
            raise FaultNotHealed(f"{route.name}: {fault}", expected="bytes to pass both ways", seen="they do not")
    return "it is out of the link's policy, and bytes pass both ways"


def _pause(service: FoundService) -> str:
    pid = _pid(service)
    process_tree.freeze(pid)
    if not process_tree.is_frozen(pid):
        raise FaultWithoutEffect(f"{service.name}: {PAUSED}", expected="all its processes stopped", seen="one runs")
    return f"pid {pid} and everything below it is stopped"


def _resume(service: FoundService) -> str:
    pid = _pid(service)
    process_tree.send_to_tree(pid, signal.SIGCONT)
    end = time.monotonic() + _FEELS_WITHIN
    while process_tree.is_frozen(pid):
        if time.monotonic() > end:
            raise FaultNotHealed(f"{service.name}: {PAUSED}", expected="its processes running", seen="all are stopped")
        time.sleep(0.001)
    return f"pid {pid} runs"


def _pid(service: FoundService) -> int:
    assert service.process is not None  # noqa: S101 - only those that live are known here
    return service.process.pid
