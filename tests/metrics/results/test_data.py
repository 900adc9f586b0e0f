"""Results compare with plain Python, tell where they differ, and can be read."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest

from metricrig import Unavailable
from metricrig._core.errors import MetricrigError
from metricrig.metrics.remote_write import assert_label_exists
from metricrig.metrics.results import Matrix, Scalar, Series, Values, Vector, VectorSample

NAN = math.nan
START = 1704067200.0
STEPS = (START, START + 30, START + 60)

OK = Series({"status": "200"}, STEPS, (0.0, NAN, 2.0))
GONE = Series({"status": "404"}, (START, START + 60), (0.0, 0.1 + 0.2))
MATRIX = Matrix((OK, GONE), STEPS)
VECTOR = Vector((VectorSample({"a": "x", "b": "1"}, START, 3.0), VectorSample({"a": "y"}, START, 4.0)))


def test_values_by_a_label_are_lists_with_none_for_nothing() -> None:
    assert MATRIX.by("status")["200"] == [0, NAN, 2]
    assert MATRIX.by("status")["404"] == [0, None, 0.1 + 0.2]
    assert MATRIX.by("status")["404"] != [0, NAN, 0.1 + 0.2]
    assert Matrix((GONE,)).by("status")["404"] == [0, 0.1 + 0.2]


def test_several_labels_give_tuples_and_a_missing_one_is_empty() -> None:
    assert VECTOR.by("a", "b") == {("x", "1"): 3, ("y", ""): 4}
    assert VECTOR.by("a") == {"x": 3, "y": 4}
    assert VECTOR.label_values("b") == ["1"]
    assert MATRIX.label_values("status") == ["200", "404"]


def test_a_key_of_two_series_is_an_error() -> None:
    with pytest.raises(MetricrigError, match="name a label that tells them apart"):
        MATRIX.by("job")


def test_the_only_one_or_an_error_with_what_there_is() -> None:
    assert Matrix((OK,)).one() is OK
    with pytest.raises(MetricrigError, match=r'there are 2:\n.*status="200"'):
        MATRIX.one()
    with pytest.raises(MetricrigError, match="there are 0: none"):
        Vector(()).one()


def test_results_equal_plain_dicts_lists_and_numbers() -> None:
    assert MATRIX == {"200": [0, NAN, 2], "404": [0, None, 0.1 + 0.2]}
    assert MATRIX != {"200": [0, NAN, 2]}
    assert VECTOR == {("x", "1"): 3, ("y", ""): 4}
    assert VECTOR != {("x", "1"): 3, ("y", ""): 5}
    assert OK == [0, NAN, 2]
    assert Matrix((OK,)) == [0, NAN, 2]
    assert Vector((VectorSample({}, START, 3.0),)) == 3
    assert Vector(()) == {}
    assert Scalar(START, 3.0) == 3
    assert VectorSample({}, START, NAN) == NAN
    assert MATRIX != "200"


def test_results_equal_each_other_in_any_order() -> None:
    assert Matrix((GONE, OK)) == MATRIX
    assert Matrix((GONE, GONE)) != Matrix((GONE,))
    assert Matrix((Series({"status": "404", "none": ""}, GONE.times, GONE.values), OK)) == MATRIX
    assert Matrix((OK, Series(GONE.labels, (START, START + 30), GONE.values))) != MATRIX
    assert VectorSample({"a": "b"}, START + 1e-7, 1.0) == VectorSample({"a": "b"}, START, 1)


def test_what_is_close_is_equal_when_asked_for() -> None:
    close = Matrix((OK, Series(GONE.labels, GONE.times, (0.0, 0.3))))
    assert close != MATRIX
    assert close == MATRIX.approx()
    assert MATRIX.approx() == close
    assert close != MATRIX.approx(rel=1e-18)
    assert close.approx(abs=1e-9) == MATRIX
    assert Series(GONE.labels, GONE.times, (1e-12, 0.3)).approx(abs=1e-9) == GONE
    assert Values([0.1 + 0.2]) == pytest.approx([0.3])
    assert VECTOR.by("a") == pytest.approx({"x": 3 + 1e-9, "y": 4})


def test_differences_are_told_label_by_label_and_time_by_time() -> None:
    other = Matrix(
        (Series({"status": "404"}, STEPS, (0.0, 1.0, 0.3)), Series({"status": "500"}, STEPS, (1.0, 1.0, 1.0)))
    )
    assert MATRIX.difference(other).splitlines() == [
        'missing     {status="500"}',
        'unexpected  {status="200"}',
        '{status="404"} at 2024-01-01T00:00:30Z: got nothing, expected 1',
        '{status="404"} at 2024-01-01T00:01:00Z: got 0.30000000000000004, expected 0.3',
    ]
    assert "0.3\n" not in MATRIX.difference(other.approx())
    assert MATRIX.difference(MATRIX) == ""
    assert MATRIX.difference({"200": [0, 0, 2], "500": [1]}).splitlines() == [
        "missing     '500': [1]",
        "'200': got [0, NaN, 2], expected [0, 0, 2]",
        "unexpected  '404': [0, -, 0.30000000000000004]",
    ]
    assert MATRIX.difference([1]).startswith("got <Matrix 2 series: ")
    long = Series({}, tuple(map(float, range(100))), (0.0,) * 100)
    assert long.difference(Series({}, long.times, (1.0,) * 100)).endswith("... and 80 more")


def test_a_result_is_shown_as_a_table() -> None:
    assert str(MATRIX).splitlines() == [
        "Matrix: 2 series from 2024-01-01T00:00:00Z",
        "                  +0s  +30s                 +60s",
        '  {status="200"}    0   NaN                    2',
        '  {status="404"}    0     -  0.30000000000000004',
    ]
    assert str(VECTOR).splitlines()[1:] == ['  {a="x", b="1"}  3', '  {a="y"}         4']
    assert repr(Scalar(START, 3.5)) == "Scalar 3.5 at 2024-01-01T00:00:00Z"
    assert (
        repr(VectorSample({"__name__": "up", "job": 'a"b'}, START, 1.0))
        == 'Sample up{job="a\\"b"} 1 at 2024-01-01T00:00:00Z'
    )
    assert str(Matrix(())) == "Matrix: 0 series, no samples"


def test_a_failing_assertion_shows_a_result_in_one_line() -> None:
    assert repr(MATRIX) == '<Matrix 2 series: {status="200"} 0 NaN 2; {status="404"} 0 - 0.30000000000000004>'
    assert repr(VECTOR) == '<Vector 2 series: {a="x", b="1"} 3; {a="y"} 4>'
    assert repr(OK) == '<Series {status="200"} 0 NaN 2>'
    assert repr(Matrix(())) == "<Matrix empty>"
    long = Series({}, tuple(map(float, range(100))), (0.0,) * 100)
    assert repr(long) == "<Series {} " + "0 " * 12 + "... 0 0 0>"


def test_a_large_result_is_shown_in_part() -> None:
    times = tuple(START + number for number in range(1000))
    shown = str(Matrix(tuple(Series({"n": f"{number:03}"}, times, times) for number in range(100))))
    assert len(shown.splitlines()) == 33
    assert "..." in shown.splitlines()[1]
    assert shown.endswith("... and 70 more")


def test_a_frame_has_times_down_and_series_across() -> None:
    frame = MATRIX.frame()
    assert [str(each) for each in frame.index] == [f"2024-01-01 00:0{each}+00:00" for each in ("0:00", "0:30", "1:00")]
    assert list(frame['{status="404"}'].isna()) == [False, True, False]
    assert frame['{status="200"}'].sum() == 2


def test_a_frame_needs_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(Unavailable, match="pip install pandas"):
        MATRIX.frame()


@pytest.mark.parametrize(
    "results", [VECTOR, MATRIX, [{"a": "x"}, {"status": "404"}], [{"metric": {"a": "y"}, "value": [0, "1"]}]]
)
def test_a_label_is_there_or_it_is_said_what_is(results: Any) -> None:
    name = "status" if results is MATRIX else "a"
    value = {"status": "404", "a": "y" if isinstance(results, list) and len(results) == 1 else "x"}[name]
    assert_label_exists(results, name, value)
    with pytest.raises(AssertionError, match=f"expected a series with {name}='z'.*; there is '"):
        assert_label_exists(results, name, "z")
