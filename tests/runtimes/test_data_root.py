from __future__ import annotations

import os
from pathlib import Path

import pytest

from metricrig import Rig, Unavailable, UsageError
from metricrig.runtimes import data_root
from metricrig.runtimes.data_root import MemoryDisk
from metricrig.services import Memcached

GIB = 1 << 30


@pytest.mark.parametrize(
    ("disk", "refusal"),
    [
        (MemoryDisk(present=True, free=4 * GIB, spare_memory=8 * GIB), None),
        (MemoryDisk(present=False, free=0, spare_memory=8 * GIB), "not a memory file system"),
        (MemoryDisk(present=True, free=64 << 20, spare_memory=8 * GIB), "only 64 MiB free, 512 are needed"),
        (MemoryDisk(present=True, free=4 * GIB, spare_memory=GIB // 2), "only 512 MiB of memory are to spare"),
    ],
)
def test_memory_is_used_only_where_there_is_enough(disk: MemoryDisk, refusal: str | None) -> None:
    assert disk.refusal() is None if refusal is None else refusal in (disk.refusal() or "")


def test_auto_falls_back_to_disk_and_tmpfs_says_why_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small = MemoryDisk(present=True, free=64 << 20, spare_memory=8 * GIB)
    monkeypatch.setattr(data_root, "memory_disk", lambda: small)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert data_root.root_for("auto").is_relative_to(tmp_path)
    assert data_root.root_for("disk").is_relative_to(tmp_path)
    with pytest.raises(Unavailable, match=r"data on tmpfs: /dev/shm has only 64 MiB free"):
        data_root.root_for("tmpfs")


def test_a_root_that_is_not_ours_alone_is_refused(tmp_path: Path) -> None:
    root = tmp_path / f"metricrig-{os.geteuid()}"
    root.mkdir()
    root.chmod(0o777)
    with pytest.raises(Unavailable, match=r"others may write to it: its mode is drwxrwxrwx\n.*METRICRIG_DATA"):
        data_root.root_for(tmp_path)


def test_a_link_put_in_the_place_of_the_root_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / f"metricrig-{os.geteuid()}"
    for target in (elsewhere, tmp_path / "nowhere", link):
        link.symlink_to(target)
        with pytest.raises(Unavailable, match="it is a symbolic link"):
            Rig("linked", data=tmp_path)
        link.unlink()


def test_a_place_where_everybody_may_rename_everything_is_refused(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    base.chmod(0o777)
    with pytest.raises(Unavailable, match=r"everybody may rename what is in .*: its mode is drwxrwxrwx"):
        Rig("renamed", data=base)
    base.chmod(0o1777)
    Rig("renamed", data=base).close()


@pytest.mark.parametrize("umask", [0o777, 0o700, 0o277])
def test_a_umask_that_closes_our_own_files_is_told_at_once(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        with pytest.raises(UsageError, match=f"the umask is 0{umask:o}: it takes away your own rights"):
            Rig("closed", data=tmp_path)
    finally:
        os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has servers that run as somebody else")
def test_a_directory_that_a_server_cannot_get_to_is_refused_with_the_way_out(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with Rig("closed", data=closed) as rig, pytest.raises(Unavailable, match=f"chmod o\\+x {closed}"):
        rig.add(Memcached())


def test_a_relative_path_means_the_same_to_the_janitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Rig("relative", data=Path("data")) as rig:
        assert rig.directory.is_relative_to(tmp_path / "data")
        monkeypatch.chdir("/")
        assert rig.directory.exists()
    assert not rig.directory.exists()
