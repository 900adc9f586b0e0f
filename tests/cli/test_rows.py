"""Rows on wide and narrow terminals: no number is cut, no column lost, all can be copied."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from metricrig.cli.output import literally
from metricrig.cli.rows import Rows

NUMBERS = ("-0.735446182", "-12345678.125", "1e-09", "987654321")
SERIES = 'model_requests_total{instance="127.0.0.1:41873", model="a-rather-long-name-of-a-model", status="200"}'


def shown(width: int, *, series: str = SERIES) -> str:
    screen = Console(file=io.StringIO(), width=width, force_terminal=False, highlight=False, emoji=False)
    rows = Rows("shape", "first", "last", "least", "most", "points", "series", title="series")
    rows.add("▁▂▃▄▅▆▇█" * 5, *NUMBERS, "11", literally(series))
    rows.add("", "1", "2", "3", "4", "2", literally(series.replace("200", "404")))
    rows.show(screen)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


@pytest.mark.parametrize("width", [20, 40, 80, 120, 200, 1000])
def test_nothing_is_cut_at_any_width(width: int) -> None:
    text = shown(width)
    for whole in (*NUMBERS, SERIES, SERIES.replace("200", "404"), "▁▂▃▄▅▆▇█" * 5):
        assert any(whole in line for line in text.splitlines()), (whole, text)
    for column in ("shape", "first", "last", "least", "most", "points"):
        assert column in text


def test_a_wide_terminal_has_a_table_and_a_narrow_one_blocks() -> None:
    assert len(shown(400).splitlines()) == 3
    narrow = shown(80).splitlines()
    assert narrow[0] == SERIES  # longer than a line: the terminal folds it, and it is one line when it is copied
    assert narrow[1:4] == [
        f"  shape {'▁▂▃▄▅▆▇█' * 5}  first -0.735446182",
        "  last -12345678.125  least 1e-09  most 987654321  points 11",
        SERIES.replace("200", "404"),
    ]


def test_what_is_meant_literally_is_not_markup() -> None:
    assert "[red]x[/red]" in shown(400, series="[red]x[/red]")
    assert "[red]x[/red]" in shown(40, series="[red]x[/red]")
