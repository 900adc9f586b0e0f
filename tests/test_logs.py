from __future__ import annotations

from pathlib import Path

import pytest

from metricrig._core.deadlines import Deadline
from metricrig.logs import LogFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "service.log"


def test_a_log_that_is_not_there_yet_is_empty(path: Path) -> None:
    log = LogFile(path)
    assert (log.mark(), log.text(), log.tail(), log.search("x")) == (0, "", "", None)


def test_a_line_that_is_not_finished_is_looked_at_again(path: Path) -> None:
    log = LogFile(path)
    path.write_text("listen")
    assert log.search("^listening$") is None
    path.write_text("listening\n")
    assert log.search("^listening$")


def test_searching_goes_on_where_it_stopped(path: Path) -> None:
    log = LogFile(path)
    path.write_text("one\ntwo\n")
    assert log.search("three") is None
    with path.open("a") as file:
        file.write("three\n")
    match = log.search("three")
    assert match is not None
    assert match.string == "three\n"  # what had been read was not read again


def test_a_mark_hides_what_is_before_it(path: Path) -> None:
    log = LogFile(path)
    path.write_text("ready\n")
    mark = log.mark()
    assert log.search("ready", mark) is None
    assert log.search("ready")


def test_a_line_without_an_end_is_searched_too(path: Path) -> None:
    path.write_text("x" * (3 << 20) + "needle")
    assert LogFile(path).search("needle")


def test_bytes_that_are_no_text_are_shown_as_such(path: Path) -> None:
    path.write_bytes(b"caf\xe9\n")
    assert LogFile(path).text() == "caf\ufffd\n"


def test_the_tail_is_cut_at_the_mark(path: Path) -> None:
    path.write_text("old\nnew\nnewer\n")
    assert LogFile(path).tail(5, since=4) == "new\nnewer"
    assert LogFile(path).tail(1) == "newer"


def test_what_is_written_faster_than_it_is_read_ends_with_the_deadline(path: Path) -> None:
    path.write_bytes(b"y\n" * (4 << 20))
    log, over = LogFile(path), Deadline.exactly(0)
    assert log.search("needle", until=over) is None
    first = log.searched("needle")
    assert 0 < first < log.mark()
    assert log.search("needle", until=over) is None  # the next search goes on from there
    assert log.searched("needle") == 2 * first
    with path.open("a") as file:
        file.write("needle\n")
    assert log.search("needle")


def test_a_line_behind_an_enormous_one_is_found(path: Path) -> None:
    with path.open("wb") as file:
        file.seek(1 << 28)  # of zeros, which take no room
        file.write(b"\nneedle\n")
    assert LogFile(path).search("^needle$", until=Deadline.exactly(100))


@pytest.mark.parametrize("before", [(1 << 20) - 3, (1 << 20) - (1 << 16) - 3, 3 << 20])
def test_what_lies_on_the_border_of_two_parts_of_a_line_is_found(path: Path, before: int) -> None:
    path.write_text("x" * before + "needle" + "x" * (2 << 20))
    assert LogFile(path).search("needle")


def test_a_part_of_a_line_neither_begins_nor_ends_one(path: Path) -> None:
    line = "a" * 1000 + "b" * 24 + "\n"
    path.write_text("x" * (5 << 20) + "\n" + line * 4096)
    log = LogFile(path)
    assert log.search("^xx*y") is None
    assert log.search("^x{3}$") is None
    assert log.search("^b") is None
    assert log.search("a$") is None
