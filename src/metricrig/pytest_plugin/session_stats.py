"""Statistics of a session, in numbers and sentences, from which the summary is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class SessionStats:
    """Plain values only: xdist carries them from the workers to the controller."""

    def __init__(self) -> None:
        self.started = 0
        self.seconds = 0.0
        self.fetched: list[list[Any]] = []
        """What was fetched, and in how many seconds: each of many workers has waited for the same."""
        self.reused: list[str] = []
        """Server and pid: each of many workers has found it."""
        self.attached: list[str] = []
        """Server and address, of somebody else: each of many workers uses it."""
        self.handles = 0
        self.chaos_seeds: list[int] = []
        """The session's, if a test has used chance: each of many workers has the same."""
        self.deaths: list[str] = []
        self.leaks: list[str] = []
        self.kept: list[str] = []
        self.left_running: list[str] = []
        self.lacking: list[list[str]] = []
        """For each test that was skipped for it: what the machine lacks, and the remedy."""

    def add(self, other: Mapping[str, Any]) -> None:
        """What another process has counted."""
        for name, value in other.items():
            setattr(self, name, getattr(self, name) + value)

    def plain(self) -> dict[str, Any]:
        """To be carried."""
        return dict(vars(self))

    def __bool__(self) -> bool:
        """Whether there is anything to tell of servers."""
        return any(value for name, value in vars(self).items() if name != "lacking")
