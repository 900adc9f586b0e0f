"""What pytest shows when an answer of a store is not what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.suites import Ran, Runs

TESTS = """
    import pytest
    from metricrig import Timeline
    from metricrig.metrics.results import Matrix, VectorSample, Scalar, Series, Vector

    TIMES = (0.0, 30.0, 60.0)
    matrix = Matrix((
        Series({"status": "200"}, TIMES, (1.0, 2.0, 3.0)),
        Series({"status": "404"}, TIMES, (0.0, 0.0, 1.0)),
    ), TIMES)
    other = Matrix((
        Series({"status": "200"}, TIMES, (1.0, 7.0, 3.0)),
        Series({"status": "500"}, TIMES, (1.0, 1.0, 1.0)),
    ), TIMES)
    vector = Vector((VectorSample({"queue": "a"}, 0.0, 5.0), VectorSample({"queue": "b"}, 0.0, 6.0)))

    def test_matrix_and_dict():
        assert matrix == {"200": [1, 7, 3], "500": [1, 1, 1]}

    def test_dict_and_matrix():
        assert {"200": [1, 7, 3], "500": [1, 1, 1]} == matrix

    def test_matrix_and_matrix():
        assert matrix == other

    def test_vector_and_dict():
        assert vector == {"a": 5, "b": 7}

    def test_dict_and_vector():
        assert {"a": 5, "b": 7} == vector

    def test_values_and_list():
        assert matrix.by("status")["200"] == [1, 7, 3]

    def test_scalar():
        assert Scalar(0.0, 5.0) == 6

    def test_number_and_scalar():
        assert 6 == Scalar(0.0, 5.0)

    def test_tolerance():
        assert matrix == other.approx(rel=1e-6)

    def test_tolerance_first():
        assert other.approx(rel=1e-6) == matrix

    grid = Timeline(start="2024-01-01T00:00:00Z", every="30s", length="2m")
    requests = grid.counter("requests_total").labels(status="200").inc(10).inc(50)

    def test_expectation(victoriametrics):
        victoriametrics.ingest(grid)
        got = victoriametrics.query_range("sum by (status) (increase(requests_total[1m]))", grid)
        assert got == grid.expect.increase(requests, window="30s", by="status")

    def test_expectation_first(victoriametrics):
        victoriametrics.ingest(grid)
        got = victoriametrics.query_range("sum by (status) (increase(requests_total[1m]))", grid)
        assert grid.expect.increase(requests, window="30s", by="status") == got

    def test_own_answer():
        assert [None, 0.0, 1.0, 0.0, 7.0] == grid.expect.increase(requests, window="30s")

    def test_own_answer_last():
        assert grid.expect.increase(requests, window="30s") == [None, 0.0, 1.0, 0.0, 7.0]

    def test_own_number():
        assert 5 == grid.expect.increase(requests, window="30s", at=60)

    def test_unequal():
        assert matrix != matrix

    def test_other_type():
        assert matrix == "text"

    def test_plain():
        assert {"a": 1, "b": 2} == {"a": 1, "b": 3}

    def test_equal():
        assert matrix == {"200": [1, 2, 3], "404": [0, 0, 1]}
"""


@pytest.fixture(scope="module")
def ran(run: Runs) -> Ran:
    return run(test_it=TESTS)


OF_DICTS = ["missing     '500': [1, 1, 1]", "'200': got [1, 2, 3], expected [1, 7, 3]", "unexpected  '404': [0, 0, 1]"]
OF_RESULTS = [
    'missing     {status="500"}',
    'unexpected  {status="404"}',
    '{status="200"} at 1970-01-01T00:00:30Z: got 2, expected 7',
]
OF_EXPECTATIONS = [
    '{status="200"} at 2024-01-01T00:01:00Z: got 2, expected 1',
    '{status="200"} at 2024-01-01T00:01:30Z: got 1, expected 0',
]


UNKNOWN = "computed for the newest VictoriaMetrics: grid.expect.on(...) names another engine, if one is behind this"
OF_OWN_ANSWERS = [
    '{status="200"} at 2024-01-01T00:00:00Z: got nothing, expected 0',
    '{status="200"} at 2024-01-01T00:00:30Z: got 0, expected 1',
    '{status="200"} at 2024-01-01T00:02:00Z: got 7, expected 0',
    UNKNOWN,
]


@pytest.mark.parametrize(
    ("test", "lines"),
    [
        ("test_matrix_and_dict", OF_DICTS),
        ("test_dict_and_matrix", OF_DICTS),
        ("test_matrix_and_matrix", OF_RESULTS),
        ("test_tolerance", OF_RESULTS),
        ("test_tolerance_first", OF_RESULTS),
        ("test_vector_and_dict", ["'b': got 6.0, expected 7"]),
        ("test_dict_and_vector", ["'b': got 6.0, expected 7"]),
        ("test_scalar", ["got Scalar 5 at 1970-01-01T00:00:00Z", "expected 6"]),
        ("test_number_and_scalar", ["got Scalar 5 at 1970-01-01T00:00:00Z", "expected 6"]),
        ("test_expectation", OF_EXPECTATIONS),
        ("test_expectation_first", OF_EXPECTATIONS),
        ("test_own_answer", OF_OWN_ANSWERS),
        ("test_own_answer_last", OF_OWN_ANSWERS),
        ("test_own_number", ['{status="200"} at 2024-01-01T00:01:00Z: got 5, expected 1', UNKNOWN]),
        ("test_values_and_list", ["", "At index 1 diff: 2.0 != 7", "Use -v to get more diff"]),
    ],
)
def test_a_line_says_what_was_got_and_expected_in_either_order(ran: Ran, test: str, lines: list[str]) -> None:
    shown = [line[1:].strip() for line in ran.why(test).splitlines() if line.startswith("E")]
    assert shown[1:] == lines
    assert shown[0].removeprefix("AssertionError: ").startswith("assert ")


@pytest.mark.parametrize("test", ["test_plain", "test_unequal", "test_other_type"])
def test_other_assertions_are_shown_as_ever(ran: Ran, test: str) -> None:
    lines = {
        "test_plain": "{'b': 2} != {'b': 3}",
        "test_unequal": '!= <Matrix 2 series: {status="200"} 1 2 3; {status="404"} 0 0 1>',
        "test_other_type": "expected 'text'",
    }
    assert lines[test] in ran.why(test)


def test_what_is_equal_is_equal(ran: Ran) -> None:
    assert [each for each, outcome in ran.outcomes().items() if outcome == "passed"] == ["test_equal"]
