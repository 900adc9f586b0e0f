"""What can be broken in a rig: links to its services, and storms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal, Unpack, overload

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from metricrig.faults.fault import Fault
    from metricrig.faults.links.datagram_link import DatagramLink
    from metricrig.faults.links.link import Link
    from metricrig.faults.links.rig_links import Links
    from metricrig.faults.storms.storm import Storm
    from metricrig.faults.storms.storm_choices import StormChances
    from metricrig.faults.storms.storm_plan import StormPlan
    from metricrig.instance import Instance
    from metricrig.lifecycle.active_faults import ActiveFaults
    from metricrig.rig_instances import PartOfServer, RigInstances


class RigFaults(ABC):
    """The part of a ``Rig`` that breaks things. Nothing is loaded for it before it is used."""

    def __init__(self, faults: ActiveFaults, instances: RigInstances, lock: threading.RLock) -> None:
        self._faults = faults
        self._instances = instances
        self._guard = lock
        self._links: Links | None = None

    @property
    @abstractmethod
    def directory(self) -> Path:
        """Where all files of this rig are."""

    @abstractmethod
    def _require_open(self) -> None:
        """Refuse what makes no sense after the end of the rig."""

    @overload
    def link(
        self,
        instance: Instance | PartOfServer | str,
        *,
        port: str | None = None,
        name: str | None = None,
        udp: Literal[False] = False,
    ) -> Link: ...
    @overload
    def link(
        self,
        instance: Instance | PartOfServer | str,
        *,
        port: str | None = None,
        name: str | None = None,
        udp: Literal[True],
    ) -> DatagramLink: ...
    def link(
        self,
        instance: Instance | PartOfServer | str,
        *,
        port: str | None = None,
        name: str | None = None,
        udp: bool = False,
    ) -> Link | DatagramLink:
        """A route of its own to a port of an instance (the first, unless one is named), which can be cut and slowed.

        Its addresses are known from now on, and have the form of the instance's own. A service is led through it by
        ``needs=[link]`` and by ``link.inside`` in its environment, where the instance would stand. With ``udp`` it is
        one for datagrams. A test's own part of a shared server, such as the fixture ``redis``, has links as well.
        """
        self._require_open()
        state, own_url = self._instances.state_of(instance), getattr(instance, "own_url", str)
        link: Link | DatagramLink = self.links.add(state, port, name, udp=udp, own_url=own_url)
        return link

    @property
    def links(self) -> Links:
        """The links of this rig, by their names."""
        with self._guard:
            if self._links is None:
                self._require_open()
                from metricrig.faults.links.rig_links import Links  # noqa: PLC0415 - few rigs have one
                from metricrig.janitor.client import janitor  # noqa: PLC0415 - as above

                self._links = Links(janitor(), self.directory, self._faults)
            return self._links

    def storm(
        self,
        plan: StormPlan | None = None,
        /,
        *,
        faults: Sequence[Callable[[], Fault]],
        **chances: Unpack[StormChances],
    ) -> Storm:
        """A storm of these faults, given by what makes them: ``rig.storm(faults=[link.cut, redis.paused])``.

        Chance chooses, and ``seed`` reproduces its choice: one begins ``every="1s…3s"``, is in force for
        ``lasting="0.2s…2s"``, ``at_most=2`` are at once, and that goes on ``for_="30s"``. A ``plan`` that was saved
        takes the place of chance. It begins with ``run()`` or ``with``.
        """
        from metricrig.faults.storms.storm_choices import new_storm  # noqa: PLC0415 - few rigs have one

        self._require_open()
        return new_storm(self._faults, self._instances.with_states, faults, plan, **chances)

    def _close_links(self) -> None:
        if self._links is not None:
            self._links.close()
