"""What happened in this session, in numbers and sentences: the summary's material."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Tally:
    """Plain values only: xdist carries them from the workers to the controller."""

    started: int = 0
    seconds: float = 0.0
    reused: list[str] = field(default_factory=list)
    """Server and pid: each of many workers has found it."""
    handles: int = 0
    deaths: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    left_running: list[str] = field(default_factory=list)

    def add(self, other: Mapping[str, Any]) -> None:
        """What another process has counted."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + other.get(each.name, type(getattr(self, each.name))()))

    def plain(self) -> dict[str, Any]:
        """To be carried."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return any(getattr(self, each.name) for each in fields(self))
