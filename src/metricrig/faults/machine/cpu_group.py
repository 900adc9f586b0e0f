"""A control group that gives a service's processes so much processor time and no more, where one can be made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

from metricrig._core import control_groups
from metricrig._core.frozen_class import frozen
from metricrig._core.private_directory import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PERIOD = 50_000
"""Microseconds in which the time is given: short for whoever waits for an answer."""
_LEAST, _LONGEST_PERIOD = 1_000, 1_000_000
"""Microseconds that the kernel gives at least, and the longest period."""
_ATTEMPTS = 100
"""How often it is looked for processes that were born while their parents were moved."""


@frozen
class CpuGroup:
    """``path`` is its directory, ``before`` that of the group which its processes come from and go back to."""

    path: Path
    before: Path
    version: int
    note: Path

    @classmethod
    def made(cls, name: str, *, pid: int, share: float, note: Path) -> Self | None:
        """One with this share of one processor, noted for whoever cleans up; None where none can be made."""
        found = control_groups.place_for(str(pid))
        if found is None or share < _LEAST / _LONGEST_PERIOD:
            return None
        place, before, version = found
        group = cls(Path(place) / f"{control_groups.PREFIX}{name}", Path(before), version, note)
        write_private(str(note), str(group.path).encode())
        try:
            group.path.mkdir(exist_ok=True)
            for file, words in group._settings(share):
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

    @property
    def given(self) -> str:
        """How much it gives, by the kernel's word: "10 ms of processor time every 50 ms"; empty if it has no limit."""
        try:
            if self.version == 1:
                words = [(self.path / f"cpu.cfs_{each}_us").read_text(encoding="ascii") for each in ("quota", "period")]
            else:
                words = (self.path / "cpu.max").read_text(encoding="ascii").split()
            quota, period = map(int, words)
        except (OSError, ValueError):  # "max" is no limit
            return ""
        return f"{quota / 1000:g} ms of processor time every {period / 1000:g} ms" if quota > 0 else ""

    def remove(self) -> None:
        """Move everybody back, and remove it; fine if it is gone."""
        for _ in range(_ATTEMPTS):
            if not (members := self.members):
                break
            _move(members, self.before)
        control_groups.remove(str(self.path))
        self.note.unlink(missing_ok=True)

    def _settings(self, share: float) -> list[tuple[str, str]]:
        period = max(_PERIOD, round(_LEAST / share))
        quota = max(_LEAST, round(period * share))
        if self.version == 1:
            return [("cpu.cfs_period_us", str(period)), ("cpu.cfs_quota_us", str(quota))]
        return [("cpu.max", f"{quota} {period}")]


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
