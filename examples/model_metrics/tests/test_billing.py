"""What a bill says must be what has happened."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from api import Api
from platform_metrics import gpu_seconds, replica, requests, tokens

from metricrig import Timeline
from metricrig.metrics import VictoriaMetricsStore

M1 = ("m1", "a100")
HOUR, DAY = 3600, 86_400


def test_requests_tokens_and_gpu_minutes(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    requests(grid, "200").inc(50, by=5).inc(100, by=2)
    requests(grid, "429").inc(100)
    tokens(grid, "input").inc(50, by=900).inc(100, by=100)
    tokens(grid, "output").inc(60, by=70)
    gpu_seconds(grid).rate(2)  # two GPUs all the time
    victoriametrics.ingest(grid)
    assert api.bill(0, 300) == {M1: (8, 1070, 10.0)}


def test_a_period_has_what_was_scraped_after_its_start_and_up_to_its_end(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore
) -> None:
    requests(grid).inc(30, by=1).inc(60, by=10).inc(90, by=100).inc(91, by=1000)
    victoriametrics.ingest(grid)
    assert api.bill(30, 90) == {M1: (110, 0, 0.0)}
    assert api.bill(31, 119) == {M1: (110, 0, 0.0)}
    assert api.bill(29, 120) == {M1: (1111, 0, 0.0)}
    assert api.bill(90, 90) == {}


def test_bills_of_adjacent_periods_add_up(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    chance = np.random.default_rng(7)
    tokens(grid).inc_many(chance.uniform(0, 300, 500), by=chance.integers(1, 5000, 500)).reset(110).gap(150, 200)
    tokens(grid, "input", replica="r2").gap(0, 100).inc_many(chance.uniform(100, 250, 50), by=7).stale(260)
    victoriametrics.ingest(grid)
    cuts = [0, 1, 29, 30, 75, 120, 133, 160, 210, 300]
    parts = [api.bill(start, end).get(M1, (0, 0, 0.0))[1] for start, end in pairwise(cuts)]
    assert sum(parts) == api.bill(0, 300)[M1][1]


def test_a_restart_is_no_refund(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    tokens(grid).inc(20, by=5000).reset(100).inc(130, by=300).reset(200).inc(201, by=20)
    gpu_seconds(grid).rate(1).reset(150)
    victoriametrics.ingest(grid)
    # What the GPU did from the last scrape, at 120, until the restart at 150, nobody has seen: it cannot be billed.
    assert api.bill(0, 300) == {M1: (0, 5320, 270 / 60)}


def test_a_replica_is_billed_from_its_first_scrape(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore
) -> None:
    """It has done 100 000 before it is scraped, and little after: ``increase`` would take that for an old counter."""
    new = tokens(grid, replica="new").gap(0, 120).inc(100, by=100_000).inc(200, by=3)
    tokens(grid, replica="old").inc(10, by=50)
    victoriametrics.ingest(grid)
    assert api.bill(0, 300) == {M1: (0, 100_053, 0.0)}
    assert grid.expect.increase(new, "300s", by=(), at=300) == 3


def test_a_replica_that_was_silent_when_the_period_began_is_billed_for_the_period_alone(
    api: Api, victoriametrics: VictoriaMetricsStore
) -> None:
    """Its scrapes failed from 09:20 until 10:40: what it has done before has been on an earlier bill."""
    long = Timeline(start="2024-01-01T09:00:00Z", every="30s", length="2h")
    tokens(long).inc(600, by=1_000_000).inc(HOUR, by=40).inc(1.8 * HOUR, by=2).gap(HOUR / 3, 1.6 * HOUR)
    victoriametrics.ingest(long)
    hourly = api.of(grid=long)
    assert hourly.bill(0, HOUR) == {M1: (0, 1_000_000, 0.0)}
    assert hourly.bill(HOUR, 2 * HOUR) == {M1: (0, 42, 0.0)}


def test_replicas_that_have_ended_are_billed(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    for number, end in enumerate((60, 120, 180)):
        gpu_seconds(grid, replica=f"r{number}").rate(1).stale(end)
    victoriametrics.ingest(grid)
    assert api.bill(0, 300) == {M1: (0, 0, (30 + 90 + 150) / 60)}  # each until its last scrape


def test_each_model_and_instance_type_has_a_line(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore
) -> None:
    requests(grid, model_version="m2", instance_type="h100").inc(50, by=4)
    requests(grid, model_version="m1", instance_type="h100").inc(50, by=3)
    gpu_seconds(grid, model_version="m1", instance_type="a100").rate(0.5)
    victoriametrics.ingest(grid)
    bill = api.bill(0, 300)
    assert bill == {("m1", "a100"): (0, 0, 2.5), ("m1", "h100"): (3, 0, 0.0), ("m2", "h100"): (4, 0, 0.0)}
    assert list(bill) == sorted(bill)


def test_many_replicas_and_models(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    models = [f"m{number % 20}" for number in range(400)]
    labels = {"model_version": models, "replica": [f"r{number}" for number in range(400)]}
    fleet = grid.counters("model_tokens_total", labels, org="acme", instance_type="h100", direction="input")
    fleet.inc(50, by=np.arange(400)).reset(170).inc(200, by=10)
    victoriametrics.ingest(grid)
    bill = api.bill(0, 300)
    assert len(bill) == 20
    assert bill["m3", "h100"] == (0, sum(range(3, 400, 20)) + 20 * 10, 0.0)


def test_tokens_are_counted_beyond_32_bits(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    tokens(grid).inc(50, by=9_000_000_000).inc(100, by=1)
    victoriametrics.ingest(grid)
    assert api.bill(0, 300) == {M1: (0, 9_000_000_001, 0.0)}


def test_one_sample_is_billed(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    victoriametrics.write("model_requests_total", 7, replica(status="200"), at=grid.start + 100)
    assert api.bill(0, 300) == {M1: (7, 0, 0.0)}
    assert api.bill(100, 300) == {}
    assert api.bill(0, 99) == {}


def test_who_has_used_nothing_pays_nothing(api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore) -> None:
    assert api.bill(0, 300) == {}
    requests(grid), tokens(grid), gpu_seconds(grid)
    victoriametrics.ingest(grid)
    assert api.bill(0, 300) == {}


def test_the_future_and_the_far_past_cost_nothing(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore
) -> None:
    requests(grid).inc(50, by=5)
    victoriametrics.ingest(grid)
    for year in (-53, -20, 40, 150):
        assert api.bill(year * 365 * DAY, (year + 1) * 365 * DAY) == {}


def test_a_day_from_midnight_to_midnight(api: Api, victoriametrics: VictoriaMetricsStore) -> None:
    """The store does not find a series that begins at midnight when it is asked about that very moment."""
    days = Timeline(start="2024-01-01T00:00:00Z", every="10m", length="2d")
    tokens(days).inc(0, by=3).inc(10 * HOUR, by=100).inc(DAY, by=20).inc(DAY + 1, by=1).inc(2 * DAY, by=500)
    victoriametrics.ingest(days)
    daily = api.of(grid=days)
    bills = [daily.bill(number * DAY, (number + 1) * DAY).get(M1, (0, 0, 0.0))[1] for number in (-1, 0, 1, 2)]
    assert bills == [0, 123, 501, 0]  # what happens at midnight is of the day before, but for a series that begins then
    assert sum(bills) == daily.bill(-DAY, 3 * DAY)[M1][1] == 624


@pytest.mark.parametrize("seed", range(4))
def test_any_traffic_is_billed_to_the_last_token(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore, seed: int
) -> None:
    """Replicas restart right after a scrape, and with less to tell after it than before: see the next test."""
    chance = np.random.default_rng(seed)
    spent = 0
    for number in range(6):
        moments, amounts = chance.uniform(1, 299, 40), chance.integers(0, 10_000, 40)
        restart = float(chance.integers(4, 9) * 30) + 0.001
        tokens(grid, replica=f"r{number}").inc_many(moments, by=amounts).reset(restart)
        spent += int(amounts.sum())
    victoriametrics.ingest(grid)
    assert api.bill(0, 300)[M1][1] == spent


def test_a_restart_that_the_next_scrape_cannot_see_is_what_replica_labels_are_for(
    api: Api, grid: Timeline, victoriametrics: VictoriaMetricsStore
) -> None:
    """A counter that has 30 where it had 10 has not restarted, as far as anybody can tell, and so 10 are lost."""
    tokens(grid, model_version="m2").inc(50, by=10).reset(61).inc(70, by=30)
    tokens(grid, replica="before").inc(50, by=10).stale(90)
    tokens(grid, replica="after").gap(0, 90).inc(70, by=30)
    victoriametrics.ingest(grid)
    assert api.bill(0, 300) == {M1: (0, 40, 0.0), ("m2", "a100"): (0, 30, 0.0)}
