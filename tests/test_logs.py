from __future__ import annotations

from pathlib import Path

import pytest

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
