"""The faults that are in force in one rig: they are healed before it is closed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from metricrig._core.events import everything

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig._core.stream import Stream


class Heals(Protocol):
    """What is known of a fault here."""

    @property
    def name(self) -> str:
        """What is done to whom: "redis: paused"."""

    def heal(self) -> None:
        """End it; healing twice is fine."""


class ActiveFaults:
    """The faults in force, in the order in which they began, and the stream that hears of them."""

    def __init__(self, rig: str = "", stream: Stream = everything) -> None:
        self.rig = rig
        self.stream = stream
        self._lock = threading.Lock()
        self._faults: list[Heals] = []

    def add(self, fault: Heals) -> None:
        """It is about to be inflicted: from now on it has to be healed."""
        with self._lock:
            self._faults.append(fault)

    def discard(self, fault: Heals) -> None:
        """It has been healed."""
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)

    def of(self, victim: str) -> list[Heals]:
        """Those of one victim."""
        return [each for each in self if each.name.startswith(f"{victim}: ")]

    def heal_all(self, victim: str | None = None) -> None:
        """Heal all, the last one first, whatever becomes of the others; the first that could not be is told.

        Only those of one victim, if it is named.
        """
        errors: list[Exception] = []
        for each in reversed(list(self) if victim is None else self.of(victim)):
            try:
                each.heal()
            except Exception as error:  # noqa: BLE001 - raised below, when all have been tried
                errors.append(error)
        if errors:
            raise errors[0]

    def __iter__(self) -> Iterator[Heals]:
        with self._lock:
            return iter(list(self._faults))
