"""Archives are checked as a whole before anything of them is written."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from metricrig.tools.archive_extraction import unpack
from metricrig.tools.archive_members import ArchiveMember, BadArchive, Kind, check_members

if TYPE_CHECKING:
    from pathlib import Path

FILE = ArchiveMember("real/file", Kind.FILE)
BAD = [
    ([ArchiveMember("../up", Kind.FILE)], "'../up' lies outside"),
    ([ArchiveMember("a/../../up", Kind.FILE)], "lies outside"),
    ([ArchiveMember("/etc/passwd", Kind.FILE)], "'/etc/passwd' lies outside"),
    ([ArchiveMember("../dir", Kind.DIRECTORY)], "lies outside"),
    ([ArchiveMember("pipe", Kind.OTHER)], "'pipe' is a device"),
    ([ArchiveMember("link", Kind.SYMLINK, "/etc")], "'link' is a symbolic link to '/etc'"),
    ([ArchiveMember("link", Kind.SYMLINK, "..")], "may lead outside"),
    ([ArchiveMember("a/link", Kind.SYMLINK, "../../x")], "may lead outside"),
    ([ArchiveMember("a/link", Kind.SYMLINK, "b/../../x")], "may lead outside"),
    ([ArchiveMember("link", Kind.SYMLINK, "real"), ArchiveMember("link/x", Kind.FILE)], "beneath a link"),
    ([ArchiveMember("link", Kind.SYMLINK, "real"), ArchiveMember("link", Kind.FILE)], "occurs twice"),
    ([FILE, ArchiveMember("real/file", Kind.FILE)], "occurs twice"),
    ([ArchiveMember("link", Kind.SYMLINK, "x"), ArchiveMember("link", Kind.DIRECTORY)], "occurs twice"),
    ([ArchiveMember("hard", Kind.HARDLINK, "/etc/passwd")], "'hard' is a hard link to '/etc/passwd'"),
    ([ArchiveMember("hard", Kind.HARDLINK, "../up")], "no earlier file"),
    ([ArchiveMember("link", Kind.SYMLINK, "x"), ArchiveMember("hard", Kind.HARDLINK, "link")], "no earlier file"),
    ([ArchiveMember("", Kind.FILE)], "lies outside"),
]


@pytest.mark.parametrize(("members", "why"), BAD)
def test_a_member_that_could_leave_is_refused_by_name(members: list[ArchiveMember], why: str) -> None:
    with pytest.raises(BadArchive, match="nothing was extracted") as caught:
        check_members(members)
    assert why in str(caught.value)


def test_what_real_archives_hold_is_allowed() -> None:
    check_members(
        [
            ArchiveMember("./", Kind.DIRECTORY),
            ArchiveMember("pg/bin/", Kind.DIRECTORY),
            ArchiveMember("pg/bin/postgres", Kind.FILE),
            ArchiveMember("pg/bin/postmaster", Kind.SYMLINK, "postgres"),
            ArchiveMember("pg/lib/libpq.so", Kind.SYMLINK, "../bin/postgres"),
            ArchiveMember("pg/bin/again", Kind.HARDLINK, "pg/bin/postgres"),
            ArchiveMember("pg/bin/", Kind.DIRECTORY),
        ],
    )


def tar_of(tmp_path: Path, *infos: tarfile.TarInfo) -> Path:
    place = tmp_path / "x.tar.gz"
    with tarfile.open(place, "w:gz") as tar:
        for info in infos:
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return place


def member(name: str, *, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, mode
    info.size = 3 if kind == tarfile.REGTYPE else 0
    return info


ESCAPES = [
    member("/tmp/absolute"),
    member("../traversal"),
    member("link", kind=tarfile.SYMTYPE, target="../../outside"),
    member("link", kind=tarfile.LNKTYPE, target="../outside"),
    member("device", kind=tarfile.CHRTYPE),
    member("pipe", kind=tarfile.FIFOTYPE),
]


@pytest.mark.parametrize("bad", ESCAPES, ids=lambda info: f"{info.name}-{info.type.decode()}")
def test_nothing_of_a_bad_tar_is_written(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    archive = tar_of(tmp_path, member("good"), bad)
    with pytest.raises(BadArchive, match="its member"):
        unpack(archive, tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


def test_permissions_of_others_are_not_taken_over(tmp_path: Path) -> None:
    archive = tar_of(tmp_path, member("program", mode=0o6777), member("data", mode=0o666))
    unpack(archive, tmp_path / "into")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "into").iterdir()}
    umask = os.umask(0o022)
    os.umask(umask)
    assert modes == {"program": 0o755 & ~umask, "data": 0o644 & ~umask}


def test_links_inside_are_kept(tmp_path: Path) -> None:
    archive = tar_of(
        tmp_path,
        member("bin/real"),
        member("bin/soft", kind=tarfile.SYMTYPE, target="real"),
        member("lib/up", kind=tarfile.SYMTYPE, target="../bin/real"),
        member("hard", kind=tarfile.LNKTYPE, target="bin/real"),
    )
    unpack(archive, tmp_path / "into")
    assert (tmp_path / "into/lib/up").read_bytes() == (tmp_path / "into/hard").read_bytes() == b"xxx"


def test_a_truncated_archive_is_damaged(tmp_path: Path) -> None:
    archive = tar_of(tmp_path, member("good"))
    archive.write_bytes(archive.read_bytes()[:-20])
    with pytest.raises(BadArchive, match=r"x\.tar\.gz is refused: it is damaged"):
        unpack(archive, tmp_path / "into")


@pytest.mark.parametrize(("name", "mode"), [("../up", 0o644), ("/abs", 0o644), ("link", stat.S_IFLNK | 0o777)])
def test_nothing_of_a_bad_zip_is_written(tmp_path: Path, name: str, mode: int) -> None:
    archive = tmp_path / "x.zip"
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("good", "good")
        bundle.writestr(info, "../../outside")
    with pytest.raises(BadArchive, match="its member"):
        unpack(archive, tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


def test_a_zip_keeps_what_is_executable(tmp_path: Path) -> None:
    archive = tmp_path / "x.whl"
    info = zipfile.ZipInfo("bin/program")
    info.external_attr = 0o755 << 16
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr(info, "content")
    unpack(archive, tmp_path / "into")
    assert os.access(tmp_path / "into/bin/program", os.X_OK)
