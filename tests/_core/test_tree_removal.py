"""Removing a tree: all of it, whatever is in it, and nothing else."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from metricrig._core import tree_removal
from metricrig._core.tree_removal import remove_path


def test_a_tree_goes_with_everything_in_it_and_nothing_that_it_points_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    tree = tmp_path / "tree"
    (tree / "a/b").mkdir(parents=True)
    (tree / "a/file").write_text("x")
    (tree / "a/link").symlink_to(outside)
    (tree / "loop").symlink_to(tree)
    (tree / "dangling").symlink_to("nowhere")
    (tree / "hard").hardlink_to(outside / "precious")
    os.mkfifo(tree / "pipe")
    remove_path(str(tree))
    assert not tree.exists()
    assert (outside / "precious").read_text() == "x"


def test_a_link_is_removed_and_what_it_points_to_is_not(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    remove_path(str(tmp_path / "link"))
    assert list(tmp_path.iterdir()) == [tmp_path / "precious"]


def test_gone_already_is_fine(tmp_path: Path) -> None:
    remove_path(str(tmp_path / "gone"))
    remove_path(str(tmp_path / "gone" / "further"))


def test_a_tree_may_be_deeper_than_any_path(tmp_path: Path) -> None:
    """With more levels than there may be open files, and a path that no call would take."""
    here = os.open(tmp_path, os.O_RDONLY)
    os.mkdir("tree", dir_fd=here)
    for _ in range(3000):
        below = os.open("tree", os.O_RDONLY, dir_fd=here)
        os.mkdir("tree", dir_fd=below)
        os.close(here)
        here = below
    os.close(here)
    remove_path(str(tmp_path / "tree"))
    assert not list(tmp_path.iterdir())


def test_directories_that_their_owner_has_closed_go_too(tmp_path: Path) -> None:
    for number, mode in enumerate((0o000, 0o300, 0o500)):
        (tmp_path / f"tree/{number}/in").mkdir(parents=True)
        (tmp_path / f"tree/{number}").chmod(mode)
    remove_path(str(tmp_path / "tree"))
    assert not list(tmp_path.iterdir())


def test_a_directory_that_somebody_writes_into_meanwhile_goes_too(tmp_path: Path) -> None:
    """As a worker does that has not heard of the end yet."""
    tree = tmp_path / "tree"
    tree.mkdir()
    held = os.open(tree, os.O_RDONLY)
    over = threading.Event()

    def write() -> None:
        for number in range(200_000):
            try:
                os.close(os.open(f"{number}", os.O_CREAT | os.O_WRONLY, dir_fd=held))
            except FileNotFoundError:
                break
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    remove_path(str(tree))
    assert not tree.exists()
    writer.join()
    os.close(held)


def test_what_cannot_be_removed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Here because somebody writes for ever."""
    (tmp_path / "tree").mkdir()
    monkeypatch.setattr(tree_removal, "REMOVAL_TIMEOUT_SECONDS", -1.0)
    monkeypatch.setattr(tree_removal._Removal, "_empty", lambda *_: (tmp_path / "tree/new").touch())
    with pytest.raises(OSError, match="not empty"):
        remove_path(str(tmp_path / "tree"))


def test_a_directory_replaced_by_a_link_in_a_loop_leads_nowhere_else(tmp_path: Path) -> None:
    """Somebody who may write into the tree swaps a directory with a link to what is precious, again and again."""
    precious = tmp_path / "precious"
    precious.mkdir()
    over = threading.Event()

    def swap(tree: Path) -> None:
        while not over.is_set():
            try:
                (tree / "d").rename(tree / "aside")
                (tree / "d").symlink_to(precious)
                (tree / "d").unlink()
                (tree / "aside").rename(tree / "d")
            except OSError:
                continue

    for number in range(100):
        for name in range(5):
            (precious / str(name)).touch()
        tree = tmp_path / str(number)
        (tree / "d/e").mkdir(parents=True)
        over.clear()
        swapping = threading.Thread(target=swap, args=(tree,))
        swapping.start()
        try:
            remove_path(str(tree))
        finally:
            over.set()
            swapping.join()
        assert len(list(precious.iterdir())) == 5
