"""A control group that holds a service's processes to a limit, where one can be made; and out of it again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

from metricrig._core import control_groups
from metricrig._core.frozen_class import frozen
from metricrig._core.private_directory import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Settings = Callable[[int], list[tuple[str, str]]]
    """The files of a group of this version, and what is written into each."""

_ATTEMPTS = 100
"""How often it is looked for processes that were born while their parents were moved."""


@frozen
class ControlGroup:
    """``path`` is its directory, ``before`` that of the group which its processes come from and go back to."""

    path: Path
    before: Path
    version: int
    note: Path

    @classmethod
    def made_with(
        cls, name: str, controller: tuple[str, str], settings: Settings, *, pid: int, note: Path
    ) -> Self | None:
        """One with these settings, noted for whoever cleans up; None where none can be made."""
        found = control_groups.place_for(str(pid), controller)
        if found is None:
            return None
        place, before, version = found
        group = cls(Path(place) / f"{control_groups.PREFIX}{name}", Path(before), version, note)
        write_private(str(note), str(group.path).encode())
        try:
            group.path.mkdir(exist_ok=True)
            for file, words in settings(version):
                (group.path / file).write_text(words, encoding="ascii")
        except OSError:  # it is not ours to make, or to limit
            group.remove()
            return None
        return group

    def take(self, tree: Callable[[], Iterable[int]]) -> None:
        """Move all of these processes into it; what they start from then on is in it."""
        for _ in range(_ATTEMPTS):
            outside = set(tree()) - self.members
            if not outside:
                return
            _move(outside, self.path)

    @property
    def members(self) -> set[int]:
        """Who is in it."""
        try:
            return {int(each) for each in (self.path / "cgroup.procs").read_text(encoding="ascii").split()}
        except OSError:
            return set()

    def remove(self) -> None:
        """Move everybody back, and remove it; fine if it is gone."""
        for _ in range(_ATTEMPTS):
            if not (members := self.members):
                break
            _move(members, self.before)
        control_groups.remove(str(self.path))
        self.note.unlink(missing_ok=True)


def _move(pids: Iterable[int], group: Path) -> None:
    for pid in pids:
        try:
            descriptor = os.open(group / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            os.write(descriptor, str(pid).encode())
        except OSError:
            pass  # it has ended, or is ending; who stays outside is found by who asks
        finally:
            os.close(descriptor)
