"""What comes out of a container is somebody else's archive: nothing of it may land outside of the directory."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from metricrig.runtimes.docker.volume import _unpack


def archive(*members: tuple[str, bytes, str]) -> io.BytesIO:
    """Of names, types, and contents or where a link leads."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, kind, content in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = kind, 0o640
            if kind == tarfile.REGTYPE:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content.encode()))
            else:
                entry.linkname = content
                tar.addfile(entry)
    made.seek(0)
    return made


def test_files_directories_and_links_are_taken(tmp_path: Path) -> None:
    directory = tmp_path / "shop"
    directory.mkdir()
    (directory / "old").write_text("old")
    members = [("shop", tarfile.DIRTYPE, ""), ("shop/sub", tarfile.DIRTYPE, ""), ("shop/sub/new", tarfile.REGTYPE, "x")]
    _unpack(archive(*members, ("shop/old", tarfile.REGTYPE, "new"), ("shop/link", tarfile.SYMTYPE, "old")), directory)
    assert (directory / "sub" / "new").read_text() == "x"
    assert (directory / "link").read_text() == "new"
    assert (directory / "old").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "members",
    [
        [("shop/../out", tarfile.REGTYPE, "x")],
        [("/out", tarfile.REGTYPE, "x")],
        [("out", tarfile.REGTYPE, "x")],
        [("shop/link", tarfile.SYMTYPE, ".."), ("shop/link/out", tarfile.REGTYPE, "x")],
        [("shop/link", tarfile.SYMTYPE, "../out"), ("shop/link", tarfile.REGTYPE, "x")],
        [("shop/node", tarfile.FIFOTYPE, "")],
    ],
)
def test_nothing_lands_elsewhere(tmp_path: Path, members: list[tuple[str, bytes, str]]) -> None:
    directory = tmp_path / "shop"
    directory.mkdir()
    _unpack(archive(*members), directory)
    assert list(tmp_path.iterdir()) == [directory]
    assert not (directory / "node").exists()
