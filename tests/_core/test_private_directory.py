"""A private directory is ours alone, or it is refused; and what is read in it is a plain file of ours."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.another_user import STRANGER, only_root

from metricrig._core.private_directory import NotOurs, PrivateDirectory, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT = 1000


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Of this process, for the length of a test."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def linked(path: Path) -> None:
    (path.parent / "elsewhere").mkdir()
    path.symlink_to(path.parent / "elsewhere")


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def looping(path: Path) -> None:
    path.symlink_to(path)


def writable_for_others(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


def writable_for_the_group(path: Path) -> None:
    path.mkdir()
    path.chmod(0o770)


def a_file(path: Path) -> None:
    path.write_text("x")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def anothers(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give something away")
    path.mkdir()
    os.chown(path, STRANGER, STRANGER)


@pytest.mark.parametrize(
    ("put", "why"),
    [
        (linked, "a symbolic link"),
        (dangling, "a symbolic link"),
        (looping, "a symbolic link"),
        (writable_for_others, "others may write to it: its mode is drwxrwxrwx"),
        (writable_for_the_group, "others may write to it: its mode is drwxrwx---"),
        (a_file, "of another kind"),
        (a_pipe, "of another kind"),
        (anothers, f"its owner is uid {STRANGER}"),
    ],
)
def test_what_is_not_ours_alone_is_not_held(put: Callable[[Path], None], why: str, tmp_path: Path) -> None:
    put(tmp_path / "d")
    for hold in (PrivateDirectory.open, PrivateDirectory.make):
        with pytest.raises(NotOurs, match=why):
            hold(str(tmp_path / "d"))
    with PrivateDirectory.open(str(tmp_path)) as parent, pytest.raises(NotOurs, match=why):
        parent.enter("d")


def test_what_it_makes_has_the_right_mode_from_the_first_moment_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    del umask
    with PrivateDirectory.make(str(tmp_path / "d"), 0o711) as made, made.make_inside("in") as inside:
        inside.write("f", b"secret")
        assert inside.read("f", LIMIT) == b"secret"
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o711
    assert stat.S_IMODE((tmp_path / "d/in").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "d/in/f").stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "d/in").iterdir()] == ["f"]


def test_no_moment_at_which_a_file_is_readable_for_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Looked at before each step of writing, also where the umask would let everybody read."""
    modes: list[int] = []
    for name in ("fchmod", "write", "rename"):
        real = getattr(os, name)

        def looking(*words: object, _real: object = real, **named: object) -> object:
            modes.extend(stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir())
            return _real(*words, **named)  # type: ignore[operator]

        monkeypatch.setattr(os, name, looking)
    before = os.umask(0)
    try:
        write_private(str(tmp_path / "f"), b"secret")
    finally:
        os.umask(before)
    assert len(modes) >= 3
    assert set(modes) == {0o600}


def hard_link(path: Path) -> None:
    (path.parent / "other-name").write_text("x")
    path.hardlink_to(path.parent / "other-name")


def link_to_a_secret(path: Path) -> None:
    (path.parent / "secret").write_text("x")
    path.symlink_to(path.parent / "secret")


def too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse: read as a whole, it would be all memory


def anothers_file(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give something away")
    path.write_text("x")
    os.chown(path, STRANGER, STRANGER)


@pytest.mark.parametrize(
    ("put", "why"),
    [
        (hard_link, "it has 2 names"),
        (link_to_a_secret, "a symbolic link"),
        (dangling, "a symbolic link"),
        (looping, "a symbolic link"),
        (a_pipe, "no plain file"),
        (Path.mkdir, "no plain file"),
        (too_large, "more than 1000 bytes"),
        (anothers_file, f"its owner is uid {STRANGER}"),
    ],
)
def test_only_a_plain_file_of_ours_is_read(put: Callable[[Path], None], why: str, tmp_path: Path) -> None:
    put(tmp_path / "f")
    with PrivateDirectory.open(str(tmp_path)) as held, pytest.raises(NotOurs, match=why):
        held.read("f", LIMIT)


def test_a_file_that_is_written_replaces_a_link_and_never_follows_it(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / "f").symlink_to(victim)
    write_private(str(tmp_path / "f"), b"new")
    assert victim.read_text() == "untouched"
    assert (tmp_path / "f").read_text() == "new"
    assert not (tmp_path / "f").is_symlink()


@only_root
def test_a_file_can_be_given_to_whom_a_server_runs_as(tmp_path: Path) -> None:
    write_private(str(tmp_path / "f"), b"new", owner=(STRANGER, STRANGER))
    found = (tmp_path / "f").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (STRANGER, STRANGER, 0o600)


def test_what_is_held_stays_what_it_was_when_its_path_means_something_else(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(mode=0o700)
    (tmp_path / "d/f").write_text("ours")
    with PrivateDirectory.open(str(tmp_path / "d")) as held:
        (tmp_path / "d").rename(tmp_path / "moved")
        (tmp_path / "d").mkdir()
        (tmp_path / "d/f").write_text("theirs")
        assert held.read("f", LIMIT) == b"ours"
