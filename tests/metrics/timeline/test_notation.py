"""The series notation of promtool."""

from __future__ import annotations

import numpy as np
import pytest

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline import Timeline, is_stale, notation

GAP = None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 2 3", [1, 2, 3]),
        ("0+10x3", [0, 10, 20, 30]),
        ("10-2x2", [10, 8, 6]),
        ("1x2", [1, 1, 1]),
        ("0x10", [0] * 11),
        ("-1-2x1", [-1, -3]),
        ("5x0", [5]),
        ("1 _ 2 _x2 3", [1, GAP, 2, GAP, GAP, 3]),
        ("Inf -Inf +Inf 1e3 .5", [np.inf, -np.inf, np.inf, 1000, 0.5]),
        ("  1\n2\t3 ", [1, 2, 3]),
        ("", []),
    ],
)
def test_sequences(text: str, expected: list[float | None]) -> None:
    values, present = notation.values(text)
    assert [value if there else GAP for value, there in zip(values.tolist(), present, strict=True)] == expected


def test_stale_is_no_ordinary_nan() -> None:
    values, present = notation.values("NaN stale")
    assert present.all()
    assert is_stale(values).tolist() == [False, True]
    assert np.isnan(values).all()


@pytest.mark.parametrize(
    "token", ["1+1", "x5", "1x", "0+x5", "_5", "1x-2", "{{schema:0}}", "1,2", "staleness", "1+-2x3", "stalex3"]
)
def test_a_wrong_token_is_named(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        notation.values(f"1 {token} 3")
    assert repr(token) in str(caught.value)


def test_series_have_labels_as_in_promql() -> None:
    assert notation.series('x{a="b", c=\'d"\', e="\\"\\\\\\n",}') == {
        "__name__": "x",
        "a": "b",
        "c": 'd"',
        "e": '"\\\n',
    }
    assert notation.series("x") == {"__name__": "x"}
    for wrong in ("", 'x{a="b"', "x{a=b}", 'x{a="b" c="d"}'):
        with pytest.raises(UsageError):
            notation.series(wrong)


def test_a_written_series_lies_on_the_grid() -> None:
    grid = Timeline(start=1704067200, every=10, length=60)
    block = grid.series('x{a="b"}', "0+10x2 _ stale").block({})
    assert block.present[0].tolist() == [True, True, True, False, True, False, False]
    assert block.values[0, :3].tolist() == [0, 10, 20]
    with pytest.raises(UsageError, match="7 scrapes"):
        grid.series("y", "0+1x7")
