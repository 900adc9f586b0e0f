"""Arguments that cannot work, and the help: no server is asked."""

from __future__ import annotations

import pytest
from ingest.command import main

GOOD = ["--metrics-url", "http://127.0.0.1:1", "--metric-name", "orders_total", "--value", "1"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--metrics-url", "vm:8428"], "'vm:8428' is no URL of a store"),
        (["--metric-name", "1st"], "'1st' is no name of a metric"),
        (["--value", "nan"], "NaN is no value"),
        (["--label", "status"], "--label status: expected NAME=VALUE"),
        (["--label", "a=1", "--label", "a=2"], "--label a is given twice"),
        (["--timestamp", "inf"], "is no time"),
    ],
)
def test_a_wrong_argument_is_told(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    assert main([*GOOD, *words]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--value", "many"], ["--within", "0"], ["--timeout", "-1"], ["--what"]])
def test_usage_is_shown_where_words_are_missing_or_wrong(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([*GOOD, *words] if words else [])
    assert end.value.code == 2
    assert "usage: ingest" in capsys.readouterr().err


def test_the_help_lists_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert all(f"\n  {code}  " in said for code in (0, 2, 3, 4, 5, 6))
