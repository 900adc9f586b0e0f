"""Requests per minute by class of status."""

from __future__ import annotations

import numpy as np
import pytest
from api import Api
from platform_metrics import replica, requests

from metricrig import Timeline
from metricrig.metrics import VictoriaMetricsStore

NOTHING = [0.0] * 11


@pytest.fixture
def worked(grid: Timeline, victoriametrics: VictoriaMetricsStore) -> Timeline:
    """The worked example: a few requests whose times are known."""
    requests(grid, "200").inc(50).inc(60).inc(70).inc(150)
    requests(grid, "404").inc(200).inc(250)
    requests(grid, "500").inc(150)
    victoriametrics.ingest(grid)
    return grid


def test_a_chart_counts_each_request_once_at_the_scrape_that_sees_it(api: Api, worked: Timeline) -> None:
    #                            0    30   60   90   120  150  180  210  240  270  300 seconds
    assert api.over("volume") == {
        "2xx": [0.0, 0.0, 4.0, 2.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "4xx": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 2.0, 0.0],
        "5xx": [0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    }


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (0, (0.0, 0.0, 0.0)),
        (30, (0.0, 0.0, 0.0)),
        (60, (4.0, 0.0, 0.0)),
        (90, (2.0, 0.0, 0.0)),
        (120, (0.0, 0.0, 0.0)),
        (150, (2.0, 0.0, 2.0)),
        (180, (0.0, 0.0, 0.0)),
        (210, (0.0, 2.0, 0.0)),
        (270, (0.0, 2.0, 0.0)),
        (300, (0.0, 0.0, 0.0)),
    ],
)
def test_a_moment_says_what_the_chart_says(
    api: Api, worked: Timeline, moment: int, expected: tuple[float, ...]
) -> None:
    assert tuple(api.at("volume", moment).values()) == expected


@pytest.mark.parametrize(
    ("moment", "window", "expected"),
    [
        (300, 300, (4 / 5, 2 / 5, 1 / 5)),  # all of it
        (150, 60, (1.0, 0.0, 1.0)),  # from 90, which is the scrape that saw the request at 70
        (150, 90, (4 / 3, 0.0, 2 / 3)),
        (75, 60, (2.0, 0.0, 0.0)),  # between two scrapes: the last was at 60
        (100, 30, (2.0, 0.0, 0.0)),  # no multiple of anything: only the scrape at 90 is inside
        (329, 300, (4 / 5, 2 / 5, 1 / 5)),
    ],
)
def test_a_window_that_cuts_through_the_data_counts_the_scrapes_inside(
    api: Api, worked: Timeline, moment: int, window: int, expected: tuple[float, ...]
) -> None:
    assert tuple(api.at("volume", moment, window=window).values()) == pytest.approx(expected, rel=1e-12)


def test_a_coarse_chart_and_a_fine_one_count_the_same(api: Api, worked: Timeline) -> None:
    coarse = api.over("volume", step=60)
    assert coarse["2xx"] == [0.0, 2.0, 1.0, 1.0, 0.0, 0.0]
    assert sum(coarse["4xx"]) * 60 == sum(api.over("volume")["4xx"]) * 30


def test_a_step_that_does_not_divide_the_range_ends_before_it(api: Api, worked: Timeline) -> None:
    chart = api.over("volume", step=70)  # 0, 70, 140, 210, 280; the last scrape, at 300, is not asked for
    assert chart["2xx"] == pytest.approx([0.0, 2 * 60 / 70, 60 / 70, 60 / 70, 0.0])
    assert chart["4xx"] == pytest.approx([0.0, 0.0, 0.0, 60 / 70, 60 / 70])


def test_a_chart_may_begin_and_end_within_the_data(api: Api, worked: Timeline) -> None:
    assert api.over("volume", start=45, end=105)["2xx"] == [0.0, 4.0, 2.0]


def test_a_chart_of_one_point(api: Api, worked: Timeline) -> None:
    assert api.over("volume", start=60, end=60)["2xx"] == [4.0]


def test_a_model_without_data_has_zeros(api: Api) -> None:
    assert api.over("volume") == {"2xx": NOTHING, "4xx": NOTHING, "5xx": NOTHING}
    assert api.at("volume", 60) == {"2xx": 0.0, "4xx": 0.0, "5xx": 0.0}


def test_the_future_and_the_far_past_have_zeros(api: Api, worked: Timeline) -> None:
    year = 365 * 86_400
    for far in (-40 * year, -50 * year, 60 * year, 150 * year):
        assert api.over("volume", start=far, end=far + 300) == {"2xx": NOTHING, "4xx": NOTHING, "5xx": NOTHING}
        assert api.at("volume", far) == {"2xx": 0.0, "4xx": 0.0, "5xx": 0.0}


def test_one_sample_of_a_young_series_is_counted_from_zero(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore
) -> None:
    victoriametrics.write("model_requests_total", 3, replica(status="200"), at=grid.start + 60)
    assert api.over("volume")["2xx"] == [0.0, 0.0, 6.0] + [0.0] * 8
    assert api.at("volume", 60)["2xx"] == 6.0


def test_what_happens_in_a_gap_is_seen_after_it(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore
) -> None:
    requests(grid).inc(50).inc(100).inc(130, by=2).inc(200).gap(90, 180)
    victoriametrics.ingest(grid)
    assert api.over("volume")["2xx"] == [0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 6.0, 2.0, 0.0, 0.0, 0.0]


def test_a_restart_takes_nothing_away(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    counter = requests(grid).inc(20, by=50).inc(80, by=20).reset(100).inc(110, by=3).inc(170, by=4)
    victoriametrics.ingest(grid)
    assert api.over("volume")["2xx"] == [0.0, 100.0, 0.0, 40.0, 6.0, 0.0, 8.0, 0.0, 0.0, 0.0, 0.0]
    assert api.at("volume", 300, window=300)["2xx"] == 77 / 5
    assert grid.expect.increase(counter, "300s", by=(), at=300) == 77


def test_replicas_that_come_and_go_are_added(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    requests(grid, replica="old").inc(20, by=2).inc(80, by=1).stale(120)
    requests(grid, replica="new").gap(0, 120).inc(110, by=1).inc(200, by=3)
    victoriametrics.ingest(grid)
    assert api.over("volume")["2xx"] == [0.0, 4.0, 0.0, 2.0, 2.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0]


def test_statuses_of_a_class_are_added_and_others_left_out(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore
) -> None:
    for status in ("200", "201", "301", "400", "429", "500", "503", "100"):
        requests(grid, status).inc(50)
    victoriametrics.ingest(grid)
    assert api.at("volume", 60) == {"2xx": 4.0, "4xx": 4.0, "5xx": 4.0}


def test_a_model_among_many_sees_its_own(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    models = [f"m{number}" for number in range(300)]
    labels = {"model_version": models, "replica": ["r"] * 300}
    fleet = grid.counters("model_requests_total", labels, org="acme", instance_type="a100", status="200")
    fleet.inc(50, by=np.arange(300))
    victoriametrics.ingest(grid)
    assert [api.of(model=model).at("volume", 60)["2xx"] for model in ("m1", "m2", "m3")] == [2.0, 4.0, 6.0]


def test_nan_is_no_number_of_requests(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    requests(grid, "500").inc(50)
    labels = ", ".join(f'{name}="{value}"' for name, value in replica(status="200").items())
    grid.series(f"model_requests_total{{{labels}}}", "0 1 NaN 2 NaN 4 4 4 4 4 4")
    assert victoriametrics.ingest(grid).nans == 2
    assert api.over("volume")["2xx"] == [0.0, 2.0, 0.0, 2.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("seed", range(5))
def test_any_traffic_is_charted_as_the_engine_counts_it(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    several = [requests(grid, "200", replica=f"r{number}").noise(seed=seed + number, per_second=3) for number in (1, 2)]
    several[0].reset(float(chance.uniform(60, 200)))
    several[1].gap(*sorted(chance.uniform(30, 270, 2).tolist()))
    victoriametrics.ingest(grid)
    for step in (30, 60, 45):
        counted = [value * step / 60 for value in api.over("volume", step=step)["2xx"]]
        assert counted == grid.expect.increase(several, step, by=(), step=step)
