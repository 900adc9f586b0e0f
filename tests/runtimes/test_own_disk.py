"""A disk of its own where none can be had: said at once, with the reason and what to do."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest
from support.programs import sleeper

from metricrig import Limits, Rig, Unavailable
from metricrig._core import mounts
from metricrig.janitor.client import janitor
from metricrig.runtimes import own_disk
from metricrig.runtimes.process import private_disk

if TYPE_CHECKING:
    from pathlib import Path

DISK = Limits(disk="1MiB")


def refused(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody else mounts where all can see it")
def test_root_who_may_not_mount_is_told_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "mount_memory", refused)
    with pytest.raises(Unavailable, match=r"nothing can be mounted on .*Operation not permitted(.|\n)*CAP_SYS_ADMIN"):
        rig.add(sleeper(limits=DISK))


def test_a_user_who_may_make_no_namespace_is_told_what_the_system_said(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys; sys.exit('a namespace of our own: No space left on device')")
    monkeypatch.setattr(private_disk, "_PROGRAM", str(program))
    place = tmp_path / "service"
    place.mkdir()
    with pytest.raises(Unavailable, match="a namespace of our own: No space left on device"):
        private_disk.PrivateDisk.on(place, 1 << 20, janitor(), rig.id)


def test_a_disk_that_is_written_to_faster_than_it_can_be_filled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def used_more_meanwhile(*_: object, **__: object) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(mounts, "remount_memory", used_more_meanwhile)
    with pytest.raises(TimeoutError, match="faster than it can be filled"):
        own_disk.leave_free(own_disk.MountedDisk(tmp_path, 1 << 30), 0)


@pytest.mark.parametrize("limits", [Limits(cpus=0.5), Limits(memory=1 << 20, disk="1MiB")])
def test_a_process_is_held_to_no_other_limit(rig: Rig, limits: Limits) -> None:
    with pytest.raises(Unavailable, match="held to none but that of its disk"):
        rig.add(sleeper(limits=limits))
