"""Percentiles and averages of inference, and of whole requests: the same tests for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from api import Api
from platform_metrics import BUCKETS, END_TO_END, INFERENCE, replica, seconds

from metricrig import Timeline
from metricrig.metrics import Histogram, VictoriaMetricsStore

SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
NONE = [None] * 11


@dataclass(frozen=True)
class Kind:
    """One of the two times that a platform tells."""

    metric: str
    percentiles: str
    average: str


@pytest.fixture(params=[Kind(INFERENCE, "percentiles", "average"), Kind(END_TO_END, "e2e_percentiles", "e2e_average")])
def kind(request: pytest.FixtureRequest) -> Any:
    """Each in turn."""
    return request.param


@pytest.fixture
def observed(grid: Timeline, kind: Kind, victoriametrics: VictoriaMetricsStore) -> Histogram:
    """A thousand requests in the first four minutes, then none."""
    chance = np.random.default_rng(1)
    histogram = seconds(grid, kind.metric)
    histogram.observe_many(chance.gamma(2, 0.2, 1000), at=chance.uniform(1, 239, 1000))
    victoriametrics.ingest(grid)
    return histogram


def test_a_chart_of_percentiles_is_what_the_engine_interpolates(
    api: Api, grid: Timeline, kind: Kind, observed: Histogram
) -> None:
    chart = api.over(kind.percentiles)
    assert list(chart) == list(SHARES)
    for name, share in SHARES.items():
        assert chart[name] == grid.expect.histogram_quantile(share, observed, window="30s", by=(), of="increase")
        assert chart[name][0] is None  # nothing before the first scrape
        assert chart[name][9:] == [None, None]  # nothing in the last minute
        assert None not in chart[name][1:9]


def test_the_truth_lies_where_the_chart_says(api: Api, grid: Timeline, kind: Kind, observed: Histogram) -> None:
    chart = api.over(kind.percentiles)
    for name, share in SHARES.items():
        bounds = grid.expect.quantile(share, observed, window="30s")
        assert len(bounds.at) == 8
        assert dict(zip(grid.times / 1000, chart[name], strict=True)) in bounds


@pytest.mark.parametrize("when", [(60, 30), (240, 240), (130, 77), (100, 45)])
def test_a_moment_has_the_percentiles_of_its_window(
    api: Api, grid: Timeline, kind: Kind, observed: Histogram, when: tuple[int, int]
) -> None:
    moment, window = when
    answer = api.at(kind.percentiles, moment, window=window)
    for name, share in SHARES.items():
        expected = grid.expect.histogram_quantile(share, observed, window=window, by=(), of="increase", at=moment)
        assert answer[name] == expected
        assert answer[name] in grid.expect.quantile(share, observed, window=window, at=moment)


def test_the_average_is_that_of_what_was_observed(api: Api, grid: Timeline, kind: Kind, observed: Histogram) -> None:
    values, scrapes = observed.observed()
    means = [values[scrapes == each].mean() if (scrapes == each).any() else None for each in range(len(grid.times))]
    assert means[9:] == [None, None]
    assert api.over(kind.average) == [None if mean is None else pytest.approx(mean, rel=1e-9) for mean in means]
    assert api.at(kind.average, 300, window=300) == pytest.approx(values.mean(), rel=1e-9)


def test_without_observations_there_is_nothing_to_tell(
    api: Api, grid: Timeline, kind: Kind, victoriametrics: VictoriaMetricsStore
) -> None:
    assert api.over(kind.percentiles) == dict.fromkeys(SHARES, NONE)  # no series
    seconds(grid, kind.metric)
    victoriametrics.ingest(grid)
    assert api.over(kind.percentiles) == dict.fromkeys(SHARES, NONE)  # a series, and no observation
    assert api.over(kind.average) == NONE
    assert api.at(kind.percentiles, 60) == dict.fromkeys(SHARES)
    assert api.at(kind.average, 60) is None


def test_one_observation_is_within_its_bucket(
    api: Api, grid: Timeline, kind: Kind, victoriametrics: VictoriaMetricsStore
) -> None:
    seconds(grid, kind.metric).observe(0.3, at=50)
    victoriametrics.ingest(grid)
    assert api.at(kind.average, 60) == pytest.approx(0.3)
    assert api.at(kind.percentiles, 60)["p50"] == pytest.approx(0.375)  # the middle of 0.25 to 0.5
    assert api.over(kind.average) == [None, None, pytest.approx(0.3), *[None] * 8]


def test_beyond_the_last_bucket_the_last_bound_is_all_that_is_known(
    api: Api, grid: Timeline, kind: Kind, victoriametrics: VictoriaMetricsStore
) -> None:
    seconds(grid, kind.metric).observe(40, at=50)
    victoriametrics.ingest(grid)
    assert api.at(kind.percentiles, 60) == dict.fromkeys(SHARES, BUCKETS[-1])
    assert api.at(kind.average, 60) == 40


def test_a_restart_and_a_gap_hide_nothing_that_was_scraped(
    api: Api, grid: Timeline, kind: Kind, victoriametrics: VictoriaMetricsStore
) -> None:
    histogram = seconds(grid, kind.metric).observe_many([0.2] * 40, at=np.linspace(1, 90, 40))
    histogram.reset(100).observe_many([0.8] * 20, at=np.linspace(101, 200, 20)).gap(150, 210)
    victoriametrics.ingest(grid)
    for name, share in SHARES.items():
        expected = grid.expect.histogram_quantile(share, histogram, window="30s", by=(), of="increase")
        assert api.over(kind.percentiles)[name] == expected
    assert api.at(kind.average, 300, window=300) == pytest.approx((40 * 0.2 + 20 * 0.8) / 60)


def test_replicas_are_weighed_by_what_they_have_done(
    api: Api, grid: Timeline, kind: Kind, victoriametrics: VictoriaMetricsStore
) -> None:
    busy = seconds(grid, kind.metric, replica="busy").observe_many([0.2] * 9, at=50)
    idle = seconds(grid, kind.metric, replica="idle").observe(2.2, at=50)
    victoriametrics.ingest(grid)
    assert api.at(kind.average, 60) == pytest.approx(0.4)
    expected = grid.expect.histogram_quantile(0.95, [busy, idle], window="30s", by=(), of="increase", at=60)
    assert api.at(kind.percentiles, 60)["p95"] == expected
    assert api.at(kind.percentiles, 60)["p50"] < 0.25


def test_inference_and_whole_requests_are_told_apart(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore
) -> None:
    seconds(grid, INFERENCE).observe(0.2, at=50)
    seconds(grid, END_TO_END).observe(0.7, at=50)
    victoriametrics.ingest(grid)
    assert (api.at("average", 60), api.at("e2e_average", 60)) == (pytest.approx(0.2), pytest.approx(0.7))
    assert api.at("percentiles", 60)["p99"] <= 0.25
    assert api.at("e2e_percentiles", 60)["p50"] >= 0.5


def test_a_sum_of_nan_is_no_average(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    for part, value in (("sum", float("nan")), ("count", 3.0)):
        victoriametrics.write(f"{INFERENCE}_{part}", value, replica(), at=grid.start + 60)
    assert api.at("average", 60) is None
    assert api.over("average") == NONE


def test_an_infinite_sum_is_no_average(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    """JSON has no infinity; an answer with one in it would be no answer at all."""
    for part, value in (("sum", float("inf")), ("count", 3.0)):
        victoriametrics.write(f"{INFERENCE}_{part}", 0, replica(), at=grid.start + 30)
        victoriametrics.write(f"{INFERENCE}_{part}", value, replica(), at=grid.start + 60)
    assert victoriametrics.query(f"increase({INFERENCE}_sum[30s])", at=grid.start + 60) == float("inf")
    assert api.at("average", 60) is None
    assert api.over("average") == NONE
