"""Times in lines of real servers, and the order of several logs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from metricrig.cli.log_lines import Line, OpenLog, merged, shown_time, time_in

AT = 1704067261.123  # 2024-01-01T00:01:01.123Z


@pytest.fixture(autouse=True)
def _in_india() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("1234:M 01 Jan 2024 05:31:01.123 * Ready to accept connections", AT),
        ("2024-01-01 00:01:01.123 UTC [77] LOG:  database system is ready", AT),
        ("2024-01-01T00:01:01.123Z\tinfo\tVictoriaMetrics/main.go", AT),
        ("time=2024-01-01T00:01:01.123Z level=INFO source=main.go", AT),
        ('{"level":"info","ts":"2024-01-01T05:31:01.123+0530","msg":"ready"}', AT),
        ("[2024-01-01 05:31:01 +0530] [7] [INFO] Listening at", AT - 0.123),
        ('127.0.0.1 - - [01/Jan/2024:05:31:01 +0530] "GET / HTTP/1.1" 200', AT - 0.123),
        ("2024/01/01 05:31:01 [notice] 1#1: nginx", AT - 0.123),
        ("2024-01-01 05:31:01,123 INFO worker started", AT),
        ("nothing of the kind", None),
        ("2024-13-01 00:00:00 is no month", None),
        ("01 Xxx 2024 00:00:00", None),
        ("x" * 200 + " 2024-01-01T00:01:01.123Z", None),
    ],
)
def test_the_time_of_a_line_is_found(line: str, at: float | None) -> None:
    assert time_in(line) == (None if at is None else pytest.approx(at, abs=1e-6))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Callable[..., OpenLog]]:
    """Logs of these texts."""
    opened: list[OpenLog] = []

    def make(text: str, service: str = "x") -> OpenLog:
        path = tmp_path / service
        path.write_text(text)
        os.utime(path, (AT + 50, AT + 50))
        facts = path.stat()
        opened.append(OpenLog(path.open("rb"), rig="r", service=service, made=AT - 3600, changed=facts.st_mtime))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def test_several_logs_are_one_in_the_order_of_their_times(log: Callable[..., OpenLog]) -> None:
    one = log("banner\n2024-01-01T00:01:01Z one\n  more of it\n2024-01-01T00:01:05Z three\n", "a")
    other = log("2024-01-01T00:01:03Z two\nno time\n", "b")
    plain = log("never\nany\n", "c")
    lines = list(merged(each.past() for each in (plain, one, other)))
    assert [(each.service, each.text.split(" ")[-1]) for each in lines] == [
        ("a", "banner"),
        ("a", "one"),
        ("a", "it"),
        ("b", "two"),
        ("b", "time"),
        ("a", "three"),
        ("c", "never"),
        ("c", "any"),
    ]
    assert [each.own for each in lines] == [False, True, False, True, False, True, False, False]


def test_a_time_that_cannot_be_the_lines_own_is_not_taken_for_it(log: Callable[..., OpenLog]) -> None:
    lines = list(log("imported an order of 2020-01-01T00:00:00Z\n2099-01-01T00:00:00Z\n").past())
    assert [(each.at, each.own) for each in lines] == [(AT + 50, False)] * 2


@pytest.mark.parametrize("ending", ["", "\n"])
@pytest.mark.parametrize("number", [0, 1, 2, 3, 9999, 100_000])
def test_the_last_lines_are_read_from_the_end(log: Callable[..., OpenLog], number: int, ending: str) -> None:
    written = [f"line {each}" for each in range(20_000)]
    opened = log("\n".join(written) + ending)
    said = [each.text for each in [*opened.past(number), *opened.rest()]]
    assert said == (written[-number:] if number else [])


def test_what_is_written_later_is_new_and_a_line_is_one_when_it_ends(
    log: Callable[..., OpenLog], tmp_path: Path
) -> None:
    opened = log("old\n")
    assert [each.text for each in opened.past()] == ["old"]
    with (tmp_path / "x").open("a") as file:
        file.write("new\nhal")
        file.flush()
        assert [each.text for each in opened.new()] == ["new"]
        file.write("f")
        file.flush()
        assert opened.new() == []
        file.write("\n")
    (tmp_path / "x").unlink()
    assert [each.text for each in opened.new()] == ["half"]
    assert opened.rest() == []


def test_times_are_clocks_for_people_and_utc_for_programs() -> None:
    line = Line(AT, own=True, rig="r", service="s", text="")
    assert shown_time(line) == " 05:31:01.123"
    assert shown_time(Line(AT, own=False, rig="r", service="s", text="")) == "~05:31:01.123"
    assert shown_time(line, whole=True) == "2024-01-01T00:01:01.123+00:00"
