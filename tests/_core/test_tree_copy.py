from __future__ import annotations

import os
from pathlib import Path

import pytest

from metricrig._core.tree_copy import copy_tree


def test_copies_keep_permissions_links_and_contents(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep/er").mkdir(parents=True)
    (source / "deep/er/file").write_bytes(os.urandom(300_000))
    (source / "deep/er/file").chmod(0o640)
    (source / "empty").touch()
    (source / "link").symlink_to("deep/er/file")
    source.chmod(0o700)
    copy_tree(source, tmp_path / "copy", owner=None)
    copied = tmp_path / "copy"
    assert (copied / "deep/er/file").read_bytes() == (source / "deep/er/file").read_bytes()
    assert (copied / "deep/er/file").stat().st_mode & 0o777 == 0o640
    assert (copied / "empty").stat().st_size == 0
    assert (copied / "link").readlink() == Path("deep/er/file")
    assert copied.stat().st_mode & 0o777 == 0o700
    with pytest.raises(FileExistsError):
        copy_tree(source, copied, owner=None)
