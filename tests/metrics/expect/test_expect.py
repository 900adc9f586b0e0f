"""What can be said without a server: which engine is meant, what is refused, and how answers compare."""

from __future__ import annotations

import math
import pickle

import pytest

from metricrig._core.errors import UsageError
from metricrig.metrics.expect import Engine, ExpectedMatrix, ExpectedVector, Interval, Intervals
from metricrig.metrics.results import Matrix, Product, Series, Vector, VectorSample, bounded
from metricrig.metrics.timeline import Counter, Timeline

START = "2024-01-01T10:00:00Z"


def example() -> tuple[Timeline, Counter]:
    grid = Timeline(start=START, every="30s", length="5m")
    requests = grid.counter("requests_total", model="m1")
    requests.labels(status="200").inc(50).inc(60).inc(70).inc(150)
    requests.labels(status="404").inc(200).inc(250)
    return grid, requests


@pytest.mark.parametrize(
    ("product", "version", "name", "ways"),
    [
        ("VictoriaMetrics", "1.79.5", "victoriametrics", {"widens_rate": True, "instant_by_step": False}),
        ("victoria-metrics", "v1.128.0", "victoriametrics", {"widens_rate": False, "newest_intervals": False}),
        ("victoriametrics", "1.102.10", "victoriametrics", {"instant_by_step": True, "raises_buckets": True}),
        ("victoriametrics", None, "victoriametrics", {"newest_intervals": True}),
        ("prometheus", "2.42.0", "prometheus2", {"left_closed": True, "clamps_first": True}),
        ("prometheus2", None, "prometheus2", {"left_closed": True, "clamps_first": False}),
        ("prometheus3", None, "prometheus3", {"left_closed": False}),
        ("prometheus", "3.5.0", "prometheus3", {"left_closed": False}),
    ],
)
def test_engines_are_known_by_product_and_version(
    product: str, version: str | None, name: str, ways: dict[str, bool]
) -> None:
    engine = Engine.of(product, version)
    assert engine.name == name
    assert {way: getattr(engine, way) for way in ways} == ways


@pytest.mark.parametrize(
    ("product", "version"),
    [
        ("influxdb", None),
        ("prometheus", "1.8"),
        ("prometheus", "4.0.0"),
        ("victoriametrics", "1.60.0"),
        ("prometheus", "?"),
    ],
)
def test_other_engines_are_refused(product: str, version: str | None) -> None:
    with pytest.raises(UsageError):
        Engine.of(product, version)


def test_the_engines_differ() -> None:
    grid, requests = example()
    asked = {
        engine: grid.expect.increase(requests, "1m", by=(), engine=engine, at=90)
        for engine in ("victoriametrics", "prometheus2", "prometheus3")
    }
    assert [answer == wanted for answer, wanted in zip(asked.values(), (3, 3, 2), strict=True)] == [True] * 3


def test_by_says_what_is_summed() -> None:
    grid, requests = example()
    apart = grid.expect.increase(requests, "30s")
    assert apart.by("model", "status").keys() == {("m1", "200"), ("m1", "404")}
    assert grid.expect.increase(requests, "30s", by=()) == [0, 0, 2, 1, 0, 1, 0, 1, 0, 1, 0]
    assert grid.expect.increase(requests.labels(status="404"), "30s") == [0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0]


def test_an_expected_number_has_room_for_what_an_engine_may_lose_and_no_more() -> None:
    labels = {"a": "b"}
    expected = Matrix((Series(labels, (1.0, 2.0), (bounded(1.0, 0.0, 1e-6), 0.0)),), (1.0, 2.0))
    for value, same in ((1.0 + 5e-7, True), (1.0 + 1e-5, False), (1.0 - 1e-9, False), (math.nan, False)):
        got = Matrix((Series(labels, (1.0, 2.0), (value, 0.0)),), (1.0, 2.0))
        assert (got == expected) is same
        assert (expected == got) is same
        assert (got != expected) is not same
        assert (got.difference(expected) == "") is same
        assert (expected.by("a")["b"] == [value, 0.0]) is same
    assert Matrix((Series(labels, (1.0,), (1.0,)),)) != expected
    assert pickle.loads(pickle.dumps(bounded(1.0, 0.25, 0.5))).above == 0.5  # noqa: S301 - just made


def test_a_difference_is_told_whichever_side_is_asked() -> None:
    grid, requests = example()
    expected = grid.expect.rate(requests.labels(status="200").inc(125, by=7), "30s", by=(), at=150)
    assert isinstance(expected, ExpectedVector)
    almost, other = (Vector((VectorSample({}, grid.start + 150, value),)) for value in (8 / 30 + 2**-54, 5.0))
    assert almost == expected
    assert almost.difference(expected) == expected.difference(almost) == ""
    assert (
        other.difference(expected).splitlines()[0] == "{} at 2024-01-01T10:02:30Z: got 5, expected 0.26666666666666666"
    )
    assert (
        expected.difference(other).splitlines()[0] == "{} at 2024-01-01T10:02:30Z: got 0.26666666666666666, expected 5"
    )
    series = grid.expect.increase(requests, "30s", by="status")
    assert isinstance(series, ExpectedMatrix)
    got = Matrix(series.series[:1], ())
    assert got.difference(series).startswith("missing     {")
    assert other == expected.approx(rel=20)


def test_what_engines_refuse_or_nobody_can_know_is_refused() -> None:
    grid, requests = example()
    other = grid.counter("other_total", model="m1")
    other.labels(status="200").inc(5)
    with pytest.raises(UsageError, match="by="):
        grid.expect.increase([requests, other], "30s")
    took, long = grid.histogram("took", [1, 2]), grid.histogram("long", [1, 3])
    with pytest.raises(UsageError, match="different buckets"):
        grid.expect.histogram_quantile(0.5, [took, long])
    with pytest.raises(UsageError, match="not computed"):
        print(grid.expect.histogram_quantile(1.5, took))
    with pytest.raises(UsageError, match="restarts"):
        grid.expect.quantile(0.5, took.reset(100))
    with pytest.raises(UsageError, match="not both"):
        grid.expect.last(took, at=5, start=0)


def test_a_midnight_that_victoriametrics_overlooks_is_refused() -> None:
    grid = Timeline(start="2024-01-01T00:00:00Z")
    gauge = grid.gauge("x").set(1)
    with pytest.raises(UsageError, match="midnight"):
        assert grid.expect.last(gauge, at=0) == 1
    assert grid.expect.last(gauge, at=0, engine="prometheus3") == 1
    assert grid.expect.last(gauge, at=30) == 1


def answered(grid: Timeline, value: float, product: Product | None) -> Vector:
    return Vector((VectorSample({}, grid.start + 90, value),), product=product)


def test_the_engine_that_has_answered_is_the_one_that_is_expected() -> None:
    grid, requests = example()
    expected = grid.expect.increase(requests, "1m", by=(), at=90)
    old, new, victoria = Product("Prometheus", "2.42.0"), Product("Prometheus", "3.5.0"), Product("VictoriaMetrics")
    for value, product in ((2, new), (3, old), (3, victoria), (3, None)):
        assert answered(grid, value, product) == expected
        assert expected == answered(grid, value, product)
        assert answered(grid, value, product).difference(expected) == ""
    for value, product in ((3, new), (2, old), (2, victoria), (2, None)):
        assert answered(grid, value, product) != expected
        assert answered(grid, value, product).difference(expected)


def test_an_engine_that_was_chosen_wins_and_a_difference_says_so() -> None:
    grid, requests = example()
    expected = grid.expect.on("prometheus3").increase(requests, "1m", by=(), at=90)
    got = answered(grid, 3, Product("VictoriaMetrics", "1.128.0"))
    assert got != expected
    said = got.difference(expected).splitlines()
    assert said == [
        "{} at 2024-01-01T10:01:30Z: got 3, expected 2",
        "computed for prometheus3, which was asked for; VictoriaMetrics 1.128.0 has answered",
    ]
    older = grid.expect.on(Engine.of("prometheus", "2.42.0")).increase(requests, "1m", by=(), at=90)
    said = answered(grid, 1, Product("Prometheus", "3.5.0")).difference(older).splitlines()
    assert said[1:] == ["computed for prometheus2 2.42.0, which was asked for; Prometheus 3.5.0 has answered"]
    assert len(answered(grid, 1, Product("Prometheus")).difference(older).splitlines()) == 1
    same = answered(grid, 3, Product("Prometheus", "3.5.0")).difference(expected)
    assert same == "{} at 2024-01-01T10:01:30Z: got 3, expected 2"
    assert answered(grid, 2, Product("VictoriaMetrics", "1.128.0")) == expected


def test_an_answer_of_nobody_in_particular_says_for_whom_it_was_computed() -> None:
    grid, requests = example()
    said = answered(grid, 2, None).difference(grid.expect.increase(requests, "1m", by=(), at=90))
    assert "computed for the newest VictoriaMetrics" in said
    assert "grid.expect.on(" in said
    hidden = answered(grid, 2, Product("VictoriaMetrics")).difference(
        grid.expect.increase(requests, "1m", by=(), at=90)
    )
    assert "hides its version" in hidden


def test_an_engine_that_nothing_is_known_of_is_an_error_unless_one_is_chosen() -> None:
    grid, requests = example()
    got = answered(grid, 2, Product("Prometheus", "4.0.0"))
    with pytest.raises(UsageError, match=r"Prometheus 2 and 3, not 4\.0\.0"):
        assert got == grid.expect.increase(requests, "1m", by=(), at=90)
    assert got == grid.expect.increase(requests, "1m", by=(), at=90, engine="prometheus3")


def test_what_is_told_later_does_not_change_an_expectation() -> None:
    grid, requests = example()
    expected = grid.expect.increase(requests, "1m", by=(), at=90)
    requests.labels(status="200").inc(80)
    assert expected == 3
    assert grid.expect.increase(requests, "1m", by=(), at=90) == 4


def test_a_quantile_of_which_nothing_is_known_is_an_error_not_a_match() -> None:
    grid = Timeline(start=START, every="30s", length="1m")
    took = grid.histogram("took", [0.1, 1])
    with pytest.raises(UsageError, match="nothing is known"):
        assert 5 in grid.expect.quantile(0.5, took, window="30s")


def test_the_first_bucket_of_victoriametrics_ends_at_zero_if_its_bound_is_below() -> None:
    grid = Timeline(start=START, every="30s", length="1m")
    took = grid.histogram("took", [-1, 0, 1]).observe(-1.007, at=10)
    intervals = grid.expect.quantile(0.5, took, window="30s", at=30)
    assert -0.5 in intervals
    assert 0.1 not in intervals
    assert -0.5 not in grid.expect.quantile(0.5, took, window="1m", at=60, engine="prometheus2")


def test_a_true_quantile_lies_in_its_bucket() -> None:
    grid = Timeline(start=START, every="30s", length="1m")
    took = grid.histogram("took", [0.1, 1]).observe_many([0.05, 0.2, 0.7, 3], at=10)
    intervals = grid.expect.quantile(0.5, took, window="30s")
    (interval,) = intervals.at.values()
    assert interval == Interval(0.1, 1.0, 0.2)
    assert 0.1 in interval
    assert 1.01 not in interval
    assert Vector((VectorSample({}, grid.start + 30, 0.4),)) in Intervals(lambda _: {grid.start + 30: interval})
    assert Vector((VectorSample({}, grid.start + 30, 1.4),)) not in intervals
    assert Vector(()) not in intervals
    assert 0.4 in intervals
    assert 1.4 not in intervals
    assert None not in intervals


def test_a_programs_own_answer_is_held_against_bounds() -> None:
    grid = Timeline(start=START, every="30s", length="1m")
    took = grid.histogram("took", [0.1, 1]).observe(0.2, at=10).observe(0.05, at=50)
    intervals = grid.expect.quantile(0.5, took, window="30s")
    answer = {grid.start: None, grid.start + 30: 0.9, grid.start + 60: 0.01}
    assert answer in intervals
    assert {**answer, grid.start + 30: 0.05} not in intervals
    assert {**answer, grid.start + 30: None} not in intervals
    assert {grid.start + 30: 0.9} not in intervals
    assert 0.9 not in intervals  # one number, and two times


def test_a_list_of_nothing_meets_the_expectation_of_no_series() -> None:
    grid = Timeline(start=START, every="30s", length="1m")
    never = grid.counter("x").gap(0, 90)
    expected = grid.expect.rate(never, "30s")
    assert expected == [None, None, None]
    assert expected == []
    assert expected != [None, None]
    assert expected != [None, 0.0, None]
