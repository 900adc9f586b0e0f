"""The state of a pool of clones, as data: which there are, and what is to be done next."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig._core.errors import MetricrigError

DEPTH = 4
"""Clones that wait for each template."""
MOST_USED = 16
"""Used databases that may wait for a quiet moment: an empty one is 7 MB, in memory for the most part."""
LEAVING = 0.02
"""Seconds in which a closed connection has ended on the server: DROP DATABASE sleeps 0.1 s if there still is one."""


class Sentinel(Protocol):
    """A connection that is used for nothing: as long as it stands, the server has not been restarted."""

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""


@dataclass(frozen=True, slots=True)
class Clone:
    """A database that nobody has used, with the sentinel of when it was made: it is gone when that is."""

    name: str
    sentinel: Sentinel


@dataclass(frozen=True, slots=True)
class Make:
    """A task: another clone of this template. ``asked`` is how often it had been asked for by then."""

    template: str
    asked: int


@dataclass(frozen=True, slots=True)
class Drop:
    """A task: a database that has been used."""

    name: str


@dataclass(slots=True)
class Shelf:
    """The clones of one template."""

    ready: deque[Clone] = field(default_factory=deque)
    coming: int = 0
    waiting: int = 0
    asked: int = 0
    failure: MetricrigError | None = None
    """Why the last one could not be made; nothing is tried again until somebody asks."""

    def lacks(self, spare: int) -> bool:
        """Whether there are fewer than those who wait, and this many more."""
        return not self.failure and len(self.ready) + self.coming < self.waiting + spare


class PoolState:
    """All clones of a process. Not locked: its user does that."""

    def __init__(self) -> None:
        self.shelves: dict[str, Shelf] = {}
        self.used: deque[tuple[str, float]] = deque()
        """Databases to be dropped, and since when they have been."""
        self._undropped: list[str] = []

    def shelf(self, template: str) -> Shelf:
        """The clones of one template."""
        return self.shelves.setdefault(template, Shelf())

    def has(self, template: str) -> bool:
        """Whether a clone is ready; those of a server that has ended since are to be dropped, if they still exist."""
        ready = self.shelf(template).ready
        while ready and not ready[0].sentinel.alive:
            self.used.append((ready.popleft().name, 0.0))
        return bool(ready)

    def next_task(self, now: float) -> Make | Drop | float | None:
        """What to do next, and note that it is being done; else how long to wait for it, None for a change."""
        if template := self._lacking(0):
            return self._make(template)
        if len(self.used) > MOST_USED:
            return Drop(self.used.popleft()[0])
        if template := self._lacking(DEPTH):
            return self._make(template)
        if not self.used:
            return None
        early = self.used[0][1] + LEAVING - now
        return early if early > 0 else Drop(self.used.popleft()[0])

    def failed(self, task: Make | Drop, error: MetricrigError) -> None:
        """Note that a task could not be done. Nothing is tried again until somebody asks for a database."""
        if isinstance(task, Drop):
            self._undropped.append(task.name)
            return
        shelf = self.shelf(task.template)
        shelf.coming -= 1
        if task.asked == shelf.asked:  # else somebody has asked since, and may have mended it
            shelf.failure = error

    def ask(self, template: str) -> Shelf:
        """Note that somebody waits for a clone. What has failed before is tried again: the server may be back."""
        shelf = self.shelf(template)
        shelf.asked += 1
        shelf.waiting += 1
        shelf.failure = None
        self.used.extend((name, 0.0) for name in self._undropped)
        self._undropped.clear()
        return shelf

    def everything(self) -> Iterator[str]:
        """The names of all databases that nobody uses."""
        for shelf in self.shelves.values():
            yield from (clone.name for clone in shelf.ready)
        yield from (name for name, _ in self.used)

    def _lacking(self, spare: int) -> str | None:
        return next((template for template, shelf in self.shelves.items() if shelf.lacks(spare)), None)

    def _make(self, template: str) -> Make:
        shelf = self.shelf(template)
        shelf.coming += 1
        return Make(template, shelf.asked)
