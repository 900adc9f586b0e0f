"""Mounts below a directory, whatever it is called, and however one comes to it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from metricrig import Limits, Rig, Service
from metricrig._core import mounts
from metricrig.janitor import rig_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts where all can see it")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "with a space"
    made.mkdir()
    yield made
    mounts.unmount_below(str(tmp_path))


def mounted(directory: Path) -> str:
    directory.mkdir()
    mounts.mount_memory(str(directory), size=1 << 20, mode=0o700, owner=(0, 0))
    return str(directory)


def test_what_is_below_a_directory_is_unmounted_and_nothing_else(place: Path) -> None:
    inner, beside = mounted(place / "rig"), mounted(place.parent / "with a space too")
    deeper = mounted(place / "rig" / "data")
    link = place.parent / "link"
    link.symlink_to(place)
    mounts.unmount_below(str(link))
    assert [mounts.is_mounted(each) for each in (inner, deeper, beside)] == [False, False, True]


def test_a_size_below_what_is_used_is_refused(place: Path) -> None:
    directory = mounted(place / "disk")
    Path(directory, "file").write_bytes(b"x" * 100_000)
    with pytest.raises(OSError, match="Invalid argument") as refused:
        mounts.remount_memory(directory, size=4096, read_only=False)
    assert refused.value.errno == errno.EINVAL
    mounts.remount_memory(directory, size=200_000, read_only=True)
    with pytest.raises(OSError, match="Read-only"):
        Path(directory, "other").touch()


def test_a_rig_that_is_kept_keeps_its_disks_until_it_is_removed(place: Path) -> None:
    with Rig("kept", data=place, keep=True) as rig:
        writes = ["sh", "-c", "echo text > file; exec sleep 1000"]
        service = rig.add(Service(name="one", command=writes, limits=Limits(disk="1MiB"), cwd="{dir}"))
        rig.start()
        service.wait(lambda one: (one.dir / "file").exists())
    assert (rig.directory / "one" / "file").read_text() == "text\n"
    assert rig_directory.remove(str(rig.directory)) is None
    assert not rig.directory.exists()
    assert not [each for each in mounts._mount_points() if rig.id in each]
