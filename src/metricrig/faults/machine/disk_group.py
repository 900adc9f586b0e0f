"""A control group whose processes read and write a disk only so fast, and the disk that a directory lies on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

from metricrig._core import control_groups
from metricrig._core.frozen_class import frozen
from metricrig.faults.machine.control_group import ControlGroup

if TYPE_CHECKING:
    Device = str

_READING, _WRITING = "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device"
_LIMITS = "io.max"


@frozen
class DiskGroup(ControlGroup):
    """One with so many bytes a second, read and written."""

    @classmethod
    def made(cls, name: str, *, pid: int, device: Device, rate: int, note: Path) -> Self | None:
        """One with this rate; None where none can be made."""

        def settings(version: int) -> list[tuple[str, str]]:
            if version == 1:
                return [(each, f"{device} {rate}") for each in (_READING, _WRITING)]
            return [(_LIMITS, f"{device} rbps={rate} wbps={rate}")]

        return cls.made_with(name, control_groups.DISK, settings, pid=pid, note=note)

    def limits(self, device: Device) -> set[str]:
        """The bytes a second that it reads and writes there at most, by the kernel's word."""
        words: set[str] = set()
        for name in (_READING, _WRITING) if self.version == 1 else (_LIMITS,):
            for line in (self.path / name).read_text(encoding="ascii").splitlines():
                first, *rest = line.split()
                if first == device:
                    words |= {each.rpartition("=")[2] for each in rest if not each.startswith(("riops", "wiops"))}
        return words


def disk_of(directory: Path) -> Device | None:
    """The number of the whole disk that a directory lies on; None if that is no disk, as of what is in memory."""
    number = directory.stat().st_dev
    block = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    if os.major(number) == 0 or not block.exists():
        return None
    whole = block.resolve().parent if (block / "partition").exists() else block  # a part of one has no limit of its own
    return (whole / "dev").read_text(encoding="ascii").strip()
