"""A control group that gives a service's processes so much processor time and no more, where one can be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from metricrig._core import control_groups
from metricrig._core.frozen_class import frozen
from metricrig.faults.machine.control_group import ControlGroup

if TYPE_CHECKING:
    from pathlib import Path

_PERIOD = 50_000
"""Microseconds in which the time is given: short for whoever waits for an answer."""
_LEAST, _LONGEST_PERIOD = 1_000, 1_000_000
"""Microseconds that the kernel gives at least, and the longest period."""


@frozen
class CpuGroup(ControlGroup):
    """One with a share of one processor."""

    @classmethod
    def made(cls, name: str, *, pid: int, share: float, note: Path) -> Self | None:
        """One with this share; None where none can be made."""
        if share < _LEAST / _LONGEST_PERIOD:
            return None
        period = max(_PERIOD, round(_LEAST / share))
        quota = max(_LEAST, round(period * share))
        return cls.made_with(name, control_groups.CPU, lambda each: _settings(each, quota, period), pid=pid, note=note)

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


def _settings(version: int, quota: int, period: int) -> list[tuple[str, str]]:
    if version == 1:
        return [("cpu.cfs_period_us", str(period)), ("cpu.cfs_quota_us", str(quota))]
    return [("cpu.max", f"{quota} {period}")]
