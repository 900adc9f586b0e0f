"""Series on a scrape grid, as scrapes would see them."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from metricrig._core.errors import UsageError
from metricrig.metrics.promql import Promql
from metricrig.metrics.timeline import STALE_BITS, ScrapedSeries, Timeline, is_stale

START = "2024-01-01T00:00:00Z"


def seen(series: ScrapedSeries) -> list[float]:
    """What the scrapes find, None where they find nothing."""
    block = series.block({})
    there = zip(block.values[0].tolist(), block.present[0].tolist(), strict=True)
    return [value if present else None for value, present in there]  # type: ignore[misc]


def a_minute() -> Timeline:
    return Timeline(start=START, every=10, length=60)


def test_the_grid_includes_its_end() -> None:
    grid = Timeline(start=START, every="30s", length="5m")
    assert (grid.start, grid.end, grid.step) == (1704067200, 1704067500, 30)
    assert grid.times.dtype == np.int64
    assert grid.times.tolist() == [1704067200000 + 30000 * step for step in range(11)]


@pytest.mark.parametrize(
    "start",
    [
        1704067200,
        1704067200.0,
        "2024-01-01T01:00:00+01:00",
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_starts_may_be_written_in_several_ways(start: str | float | datetime) -> None:
    assert Timeline(start=start).start == 1704067200


@pytest.mark.parametrize(
    ("naive", "remedy"),
    [
        ("2024-01-01", "'2024-01-01T00:00:00Z'"),
        ("2024-01-01T10:00:00", "'2024-01-01T10:00:00Z'"),
        (datetime(2024, 1, 1), "tzinfo=UTC"),  # noqa: DTZ001 - that is what is refused
    ],
)
def test_a_time_without_a_zone_is_refused_with_what_to_write(naive: str | datetime, remedy: str) -> None:
    for taken in (lambda: Timeline(start=naive), lambda: Promql("http://127.0.0.1:1").query("up", at=naive)):
        with pytest.raises(UsageError, match="has no time zone") as refused:
            taken()
        assert remedy in str(refused.value)


NEAR_MISSES: list[tuple[Callable[[Timeline], object], str]] = [
    (lambda grid: grid.counter("x").inc("50"), "at='50': seconds from the grid's start"),  # type: ignore[arg-type]
    (lambda grid: grid.counter("x").inc(math.nan), "at=nan: seconds from the grid's start"),
    (lambda grid: grid.counter("x").inc(1704067250), "1704067250 - grid.start"),
    (lambda grid: grid.counter("x").inc(5, by="x"), "by='x': a number is wanted"),
    (lambda grid: grid.counter("x").inc_many(["1s"]), "a number is wanted"),
    (lambda grid: grid.counter("x").reset("50s"), "at='50s': seconds"),  # type: ignore[arg-type]
    (lambda grid: grid.counter("x").gap("30s", "60s"), "start='30s': seconds"),  # type: ignore[arg-type]
    (lambda grid: grid.gauge("x").set("7"), "value='7': a number is wanted"),
    (lambda grid: grid.gauge("x").set(7, at="1m"), "at='1m': seconds"),  # type: ignore[arg-type]
    (lambda grid: grid.gauge("x").wave(1, period=0), "more than none"),
    (lambda grid: grid.histogram("x", 5), "such as [0.1, 0.5, 1]"),  # type: ignore[arg-type]
    (lambda grid: grid.histogram("x", ["a"]), "such as [0.1, 0.5, 1]"),  # type: ignore[list-item]
    (lambda grid: grid.summary("x", [99]), "such as 0.9"),
    (lambda grid: grid.counters("x", "5"), "A number such as 1000"),  # type: ignore[arg-type]
    (lambda grid: grid.counter(5), "5 is no name of a metric"),  # type: ignore[arg-type]
    (lambda _: Timeline(start=1704067200000), "milliseconds?"),
    (lambda grid: grid.expect.last("x"), "'x' is no series: give what grid.counter"),  # type: ignore[arg-type]
    (lambda grid: grid.expect.rate(grid.counter("x"), None), "rate needs a window"),  # type: ignore[arg-type]
    (lambda grid: grid.expect.last(grid.counter("x"), at="1m"), "at='1m': seconds"),  # type: ignore[arg-type]
    (lambda grid: grid.expect.last(grid.counter("x"), at=1704067250), "1704067250 - grid.start"),
    (lambda grid: grid.expect.last(grid.counter("x"), setp=5), "setp= is not known here"),  # type: ignore[call-arg]
    (lambda grid: grid.expect.histogram_quantile(0.9, grid.counter("x")), "is no histogram"),  # type: ignore[arg-type]
    (lambda grid: grid.expect.quantile(0.9, [grid.histogram("x")]), "is no histogram"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "said"), NEAR_MISSES)
def test_a_near_miss_says_what_to_write(call: Callable[[Timeline], object], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        call(a_minute())
    assert said in str(refused.value)


def test_lengths_may_be_timedeltas() -> None:
    grid = Timeline(start=START, every=timedelta(seconds=30), length=timedelta(minutes=5))
    assert (grid.step, grid.clock.steps) == (30, 11)


def test_two_numbers_are_refused_where_one_of_them_is_a_moment() -> None:
    grid = a_minute()
    for call, remedy in (
        (lambda: grid.counter("x").inc(300, 100), "inc(300, by=100)"),  # type: ignore[arg-type]
        (lambda: grid.counter("x").inc_many([1, 2], [3, 4]), "inc_many(moments, by=amounts)"),  # type: ignore[arg-type]
        (lambda: grid.gauge("x").set(7, 60), "set(7, at=60)"),  # type: ignore[arg-type]
        (lambda: grid.histogram("x").observe(0.5, 10), "observe(0.5, at=10)"),  # type: ignore[arg-type]
        (lambda: grid.histogram("x").observe(0.5), "observe(0.5, at=10)"),
    ):
        with pytest.raises(UsageError) as refused:
            call()
        assert remedy in str(refused.value)


@pytest.mark.parametrize("wrong", [-1, math.nan])
def test_a_counter_takes_nothing_that_is_no_growth(wrong: float) -> None:
    with pytest.raises(UsageError, match="only grows"):
        a_minute().counter("x").inc(5, by=wrong)
    with pytest.raises(UsageError, match="only grows"):
        a_minute().counter("x").inc_many([5, 6], by=wrong)


def test_nan_is_no_observation() -> None:
    for distribution in (a_minute().histogram("x", [1]), a_minute().summary("x")):
        with pytest.raises(UsageError, match="NaN lies in no bucket"):
            distribution.observe(math.nan, at=10)
    infinite = a_minute().histogram("x", [1]).observe(math.inf, at=10)
    assert infinite.block({}).values[:, -1].tolist() == [0, 1, math.inf, 1]


def test_a_series_that_is_told_twice_is_an_error_wherever_it_is_used() -> None:
    def twice(grid: Timeline) -> list[ScrapedSeries]:
        return [grid.counter("x", a="1").inc(5), grid.counter("x", a="1").inc(7)]

    def over_labels(grid: Timeline) -> list[ScrapedSeries]:
        return [grid.counter("x", a="1").inc(5), grid.counter("x").labels(a=1).inc(7)]

    def over_both_ways(grid: Timeline) -> list[ScrapedSeries]:
        x = grid.counter("x")
        return [x.labels(a=1).labels(b=2).inc(5), x.labels(b=2).labels(a=1).inc(5)]

    def with_an_empty_label(grid: Timeline) -> list[ScrapedSeries]:
        x = grid.counter("x")
        return [x.inc(5), x.labels(a="").inc(5)]

    def as_part_of_a_histogram(grid: Timeline) -> list[ScrapedSeries]:
        return [grid.histogram("x").observe(1, at=5), grid.counter("x_count").inc(5)]

    for told in (twice, over_labels, over_both_ways, with_an_empty_label, as_part_of_a_histogram):
        grid = a_minute()
        several = told(grid)
        with pytest.raises(UsageError, match="twice"):
            grid.blocks()
        with pytest.raises(UsageError, match="twice"):
            grid.expect.sum(several)
        with pytest.raises(UsageError, match="twice"):
            grid.expect.sum([several[0], several[0]])


def test_labels_that_make_two_series_one_are_an_error() -> None:
    grid = a_minute()
    grid.counters("x", {"zone": ["a", "b"]})
    assert len(grid.with_labels(test="t").blocks()[0].labels) == 2
    with pytest.raises(UsageError, match="twice"):
        grid.with_labels(zone="c").blocks()
    with pytest.raises(UsageError, match="these label arrays twice"):
        grid.counters("y", {"zone": ["a", "a"]})


def test_series_of_one_name_are_two_if_a_label_differs() -> None:
    grid = a_minute()
    grid.counter("x", a="1").inc(5)
    grid.counter("x").labels(a="2").inc(7)
    grid.counter("x").labels(b="1").inc(7)
    assert sum(len(block.labels) for block in grid.blocks()) == 3


@pytest.mark.parametrize(
    "wrong",
    [{"start": 0}, {"start": "soon"}, {"start": START, "every": 0}, {"start": START, "length": "5 minutes"}],
)
def test_a_grid_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Timeline(**wrong)  # type: ignore[arg-type]


def test_an_event_is_seen_by_the_first_scrape_at_or_after_it() -> None:
    counter = a_minute().counter("x").inc(10).inc(10.001).inc(35, by=5).inc(61)
    assert seen(counter) == [0, 1, 2, 2, 7, 7, 7]


def test_a_restart_forgets_what_was_before_whatever_the_order_of_calls() -> None:
    counter = a_minute().counter("x").reset(25).inc(5, by=3).inc(22).inc(25, by=10).inc(28)
    assert seen(counter) == [0, 3, 3, 11, 11, 11, 11]


def test_steady_growth_begins_again_at_a_restart() -> None:
    assert seen(a_minute().counter("x").rate(2).reset(25)) == [0, 20, 40, 10, 30, 50, 70]


def test_a_counter_does_not_shrink() -> None:
    with pytest.raises(UsageError, match=r"reset\(at\)"):
        a_minute().counter("x").inc(5, by=-1)


def test_children_are_the_same_each_time_and_stand_for_their_parent() -> None:
    grid = a_minute()
    requests = grid.counter("x", model="m1")
    assert requests.labels(code=200) is requests.labels(code="200")
    assert [dict(labels) for block in grid.blocks() for labels in block.labels] == [
        {"__name__": "x", "model": "m1", "code": "200"}
    ]


def test_a_gauge_holds_what_was_set() -> None:
    assert seen(a_minute().gauge("x").set(3, at=15).set(1)) == [1, 1, 3, 3, 3, 3, 3]


def test_shapes_add_up() -> None:
    gauge = a_minute().gauge("x").ramp(0, 6).wave(10, period=40)
    assert seen(gauge) == pytest.approx([0, 11, 2, -7, 4, 15, 6])


def test_noise_is_the_same_for_the_same_seed() -> None:
    one, same, other = (seen(a_minute().gauge("x").noise(seed=seed)) for seed in (1, 1, 2))
    assert one == same != other
    counted = seen(a_minute().counter("x").noise(seed=1, per_second=5))
    assert counted == sorted(counted)
    assert counted[-1] > 100


def test_gaps_and_ends() -> None:
    assert seen(a_minute().counter("x").gap(10, 30)) == [0, None, None, 0, 0, 0, 0]
    ended = a_minute().counter("x").stale(15, until=50)
    block = ended.block({})
    assert block.present[0].tolist() == [True, True, True, False, False, True, True]
    assert is_stale(block.values)[0].tolist() == [False, False, True, False, False, False, False]
    assert block.values.view(np.uint64)[0, 2] == STALE_BITS


def test_a_histogram_has_buckets_a_sum_and_a_count() -> None:
    grid = a_minute()
    grid.histogram("took", [0.1, 1]).observe(0.1, at=5).observe(0.5, at=15).observe(7, at=15).reset(35).observe(
        0.05, at=45
    )
    (block,) = grid.blocks()
    names = [labels["__name__"] + labels.get("le", "") for labels in block.labels]
    table = dict(zip(names, block.values.tolist(), strict=True))
    assert table == {
        "took_bucket0.1": [0, 1, 1, 1, 0, 1, 1],
        "took_bucket1.0": [0, 1, 2, 2, 0, 1, 1],
        "took_bucket+Inf": [0, 1, 3, 3, 0, 1, 1],
        "took_sum": [0, 0.1, 7.6, 7.6, 0, 0.05, 0.05],
        "took_count": [0, 1, 3, 3, 0, 1, 1],
    }


def test_a_summary_has_the_quantiles_of_what_was_observed() -> None:
    grid = a_minute()
    grid.summary("took", [0.5]).observe_many([1, 2, 3], at=[15, 15, 25])
    (block,) = grid.blocks()
    assert block.labels[0] == {"__name__": "took", "quantile": "0.5"}
    assert block.values[0].tolist() == pytest.approx([np.nan, np.nan, 1, 2, 2, 2, 2], nan_ok=True)


def test_many_series_at_once() -> None:
    grid = Timeline(start=START, every=10, length=9990)
    grid.counters("x", 1000, job="many").rate(np.arange(1000))
    grid.gauges("y", {"zone": ["a", "b"], "host": np.array(["h1", "h2"])}).set([1, 2])
    blocks = {len(block.labels): block for block in grid.blocks()}
    assert blocks[1000].values.shape == (1000, 1000)
    assert blocks[1000].values[999, 999] == 999 * 9990
    assert blocks[1000].labels[7] == {"__name__": "x", "job": "many", "series": "7"}
    assert blocks[2].labels[1] == {"__name__": "y", "zone": "b", "host": "h2"}


def test_small_series_come_in_one_block_with_the_labels_of_the_view() -> None:
    grid = a_minute()
    grid.counter("x")
    view = grid.with_labels(test="t1")
    grid.gauge("y")
    (block,) = view.blocks()
    assert [labels["test"] for labels in block.labels] == ["t1", "t1"]
    assert "test" not in grid.blocks()[0].labels[0]


@pytest.mark.parametrize("name", ["", "9x", "a-b"])
def test_names_that_no_engine_takes_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no name"):
        a_minute().counter(name)


def test_without_numpy_the_remedy_is_said() -> None:
    code = "import sys; sys.modules['numpy'] = None\nimport metricrig.metrics.timeline"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Unavailable" in done.stderr
    assert "pip install 'metricrig[series]'" in done.stderr
