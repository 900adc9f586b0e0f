"""Neighbours: tests of other workers that use a shared server at the same time, and change its counters too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from metricrig.instance import Instance

_COARSE = 0.02
"""Seconds by which the time of a file may be late: the kernel sets it by a coarse clock."""
_AT_WORK, _GONE = "1", "0"
_CHANGE = "<Change "
"""How a change looks in what pytest shows of a failed comparison."""
_ADVICE = (
    "tests of other workers used {name} meanwhile, and a change counts what they did too;\n"
    "give each worker one of its own: service(..., shared=False)"
)


class Presence:
    """One test's at one server: a file beside the server's directory, that the other workers see."""

    def __init__(self, server: Instance, worker: str) -> None:
        self.server = server
        self._place = server.dir.with_name(f"{server.name}.tests")
        self._mine = self._place / worker
        self._since = time.time() - _COARSE
        self._place.mkdir(mode=0o700, exist_ok=True)
        self._mine.write_text(_AT_WORK, encoding="ascii")

    def end(self) -> None:
        """The test is over."""
        if self._place.exists():
            self._mine.write_text(_GONE, encoding="ascii")

    def has_company(self) -> bool:
        """Whether a test of another worker has used the server since this one began."""
        others = [each for each in _files(self._place) if each != self._mine]
        return any(each.stat().st_mtime >= self._since or each.read_text() == _AT_WORK for each in others)


def advice(presences: Iterable[Presence], failure: str) -> list[tuple[str, str]]:
    """For a failure that compares by how much something has changed: that it may be others' doing, and what to do."""
    if _CHANGE not in failure:
        return []
    shared = [each.server.name for each in presences if each.has_company()]
    return [(f"metricrig: {name} is shared", _ADVICE.format(name=name)) for name in shared]


def _files(place: Path) -> list[Path]:
    return list(place.iterdir()) if place.exists() else []
