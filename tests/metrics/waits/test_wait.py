"""Waits, changes and snapshots, against a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from support.exporter import Exporter
from support.waiting import with_time

from metricrig import DeadlineExceeded, UsageError
from metricrig.metrics.conditions.selection import metric
from metricrig.metrics.exposition import BadPage, NotOneSample
from metricrig.metrics.scraping.change import NoChange
from metricrig.metrics.scraping.endpoint import Endpoint, ScrapeFailed, read
from metricrig.metrics.server_metrics import Metrics
from metricrig.metrics.waits.report import History, NotInTime, sparkline
from metricrig.metrics.waits.wait import wait_for

DEPTH = metric("queue_depth")


@pytest.fixture
def shop() -> Iterator[Exporter]:
    with Exporter("queue_depth 5\n") as exporter:
        yield exporter


def steps(exporter: Exporter, *texts: str) -> None:
    """After each answer, the next page; the last stays."""

    def then(answers: int) -> None:
        exporter.text = texts[min(answers, len(texts)) - 1]

    exporter.then = then


def test_a_wait_ends_when_the_condition_holds(shop: Exporter) -> None:
    steps(shop, "queue_depth 4\n", "queue_depth 3\n", "queue_depth 1\n", "queue_depth 9\n")
    shop.metrics.wait(DEPTH <= 1, within=60)
    assert shop.answers == 4


def test_what_is_missing_or_broken_is_not_yet(shop: Exporter) -> None:
    steps(shop, "", "queue_depth nonsense\n", "<html>", "\x00", "queue_depth 1\n")
    shop.metrics.wait(DEPTH <= 1, within=60)
    assert shop.answers == 6


def test_an_error_status_is_not_yet(shop: Exporter) -> None:
    shop.status = 503

    def then(answers: int) -> None:
        shop.status = 200 if answers > 2 else 503

    shop.then = then
    shop.metrics.wait(DEPTH == 5, within=60)
    assert shop.answers == 4


def test_a_server_that_hangs_up_is_asked_again(shop: Exporter) -> None:
    shop.hangs_up = True
    for _ in range(3):
        assert shop.metrics.sum("queue_depth") == 5
    assert shop.connections == 3


def test_one_connection_serves_all_looks(shop: Exporter) -> None:
    steps(shop, *["queue_depth 4\n"] * 5, "queue_depth 1\n")
    shop.metrics.wait(DEPTH <= 1, within=60)
    assert shop.connections == 1


def test_death_ends_a_wait_at_once(shop: Exporter) -> None:
    shop.then = lambda answers: shop.exited.set() if answers == 3 else None
    with pytest.raises(RuntimeError, match=r"shop died while waiting for metric\(\"queue_depth\"\) == 6"):
        shop.metrics.wait(DEPTH == 6, within=100)
    assert shop.answers == 3


def test_the_death_of_another_server_ends_the_wait_too(shop: Exporter) -> None:
    with Exporter("queue_depth 1\n", name="other") as other:
        other.then = lambda answers: other.exited.set() if answers == 2 else None
        with pytest.raises(RuntimeError, match="other died"):
            wait_for(shop.metrics("queue_depth") + other.metrics("queue_depth") == 100, within=100)


def test_several_servers_are_one_condition_and_each_is_asked_once_a_look(shop: Exporter) -> None:
    with Exporter("queue_depth 5\n", name="other") as other:
        steps(other, "queue_depth 5\n", "queue_depth 7\n")
        both = shop.metrics("queue_depth").sum() + other.metrics("queue_depth").sum()
        wait_for((both == 12) & (shop.metrics("queue_depth") == 5), within=60)
        assert (shop.answers, other.answers) == (3, 3)
        assert str(both == 12) == 'shop.metrics("queue_depth").sum() + other.metrics("queue_depth").sum() == 12'


def test_a_wait_needs_to_know_the_server() -> None:
    with pytest.raises(UsageError, match="not said from which server"):
        wait_for(DEPTH == 1)


def test_a_timeout_tells_its_story(shop: Exporter) -> None:
    condition = (DEPTH <= 1) | (metric("orders_totl").sum() > 3) | (metric("orders_total", s="b") > 1)

    def wait(within: float) -> NotInTime:
        shop.answers, shop.text = 0, "queue_depth 5\n"
        steps(shop, "queue_depth 4\n", "queue_depth 8\n", 'orders_total{s="a"} 3\nqueue_depth 6\n')
        with pytest.raises(NotInTime) as caught:
            shop.metrics.wait(condition, within=within)
        return caught.value

    story = with_time(wait, lambda _: shop.answers > 3)
    assert isinstance(story, DeadlineExceeded)
    assert story.condition == str(condition)
    assert [seen.value for seen in story.histories[0].seen] == [5, 4, 8, 6]
    text = str(story)
    assert f"shop.metrics: waited {story.within:g} s for {condition}" in text
    assert 'metric("queue_depth"): ▃▁█▅  5 at 0.' in text
    assert 'series of orders_total: orders_total{s="a"} 3' in text
    assert "there is no series of orders_totl; near it are: orders_total" in text
    assert "undecided: no series" in text


def test_a_timeout_tells_the_last_error(shop: Exporter) -> None:
    shop.status = 500

    def wait(within: float) -> str:
        with pytest.raises(NotInTime) as caught:
            shop.metrics.wait(DEPTH <= 1, within=within)
        return str(caught.value)

    said = with_time(wait, lambda _: shop.answers > 0)
    assert re.search(r"the last error: GET http://127.0.0.1:.*: 500 Internal Server Error: 'queue_d", said)


def test_several_series_end_a_wait_for_the_only_one(shop: Exporter) -> None:
    shop.text = 'queue_depth{q="a"} 1\nqueue_depth{q="b"} 1\n'
    with pytest.raises(NotOneSample, match="2 series match"):
        shop.metrics.wait(DEPTH == 1, within=100)


def test_numbers_at_once(shop: Exporter) -> None:
    shop.text = 'x{c="1"} 1\nx{c="2"} 2\n'
    assert shop.metrics.sum("x") == 3
    assert shop.metrics.value("x", c="2") == 2
    assert [sample.value for sample in shop.metrics.samples("x", c="1")] == [1]
    assert shop.metrics.evaluate(metric("x").max() * 2) == 4
    with pytest.raises(NotOneSample, match=r'no series matches; of that name there are: x{c="1"} 1'):
        shop.metrics.sum("x", c="3")
    with pytest.raises(NotOneSample, match="no series of that name"):
        shop.metrics.sum("y")
    with pytest.raises(NotOneSample, match="2 series match"):
        shop.metrics.value("x")


def test_gzip_is_read(shop: Exporter) -> None:
    shop.zipped = True
    assert shop.metrics.sum("queue_depth") == 5
    shop.broken_zip = True
    with pytest.raises(ScrapeFailed, match="its gzip is broken"):
        shop.metrics.sum("queue_depth")


def test_the_format_is_negotiated(shop: Exporter) -> None:
    shop.content_type = "application/openmetrics-text; version=1.0.0"
    shop.text = "queue_depth 5 1.5\n# EOF\n"
    assert read(shop.endpoint.url).samples("queue_depth")[0].timestamp == 1.5
    assert shop.accepted[0].startswith("application/openmetrics-text;version=1.0.0")
    shop.text = "queue_depth 5\n"
    with pytest.raises(BadPage, match=f"{shop.endpoint.url}.*cut off"):
        shop.metrics.page()


def test_nobody_there() -> None:
    with Exporter() as gone:
        url = gone.endpoint.url
    with pytest.raises(ScrapeFailed, match=f"GET {url}: connection refused"):
        read(url)
    with pytest.raises(UsageError, match="no URL"):
        Endpoint("localhost:9090/metrics")
    assert repr(Metrics(Endpoint(url))) == f"<Metrics {url}>"


def test_a_change(shop: Exporter) -> None:
    with shop.metrics.change(DEPTH) as depth:
        shop.text = "queue_depth 8\n"
    assert depth == 3
    assert depth != 4
    assert depth < 4 and depth >= 3 and float(depth) == 3  # noqa: PT018
    assert repr(depth) == "<Change 3.0 (5 -> 8)>"


def test_a_counter_that_did_not_exist_counts_from_0(shop: Exporter) -> None:
    shop.text = '# TYPE orders_total counter\norders_total{s="bad"} 1\n'
    with (
        shop.metrics.change(metric("orders_total", s="ok")) as orders,
        shop.metrics.change(metric("orders_total", s="lost")) as lost,
    ):
        shop.text += 'orders_total{s="ok"} 3\n'
    assert orders == 3
    assert repr(orders) == "<Change 3.0 (nothing -> 3)>"
    assert lost == 0
    assert repr(lost) == "<Change 0.0 (nothing -> nothing)>"


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("orders_total 1\n", "orders_total 2\n", "no series of queue_depth, before or after"),
        ("a 1\n", "# TYPE queue_depth gauge\nqueue_depth 2\n", "is a gauge that did not exist before"),
        ("queue_depth 3\n", "", "it was 3 before, and is gone"),
    ],
)
def test_a_change_that_is_none(shop: Exporter, before: str, after: str, why: str) -> None:
    shop.text = before
    with shop.metrics.change(DEPTH) as depth:
        shop.text = after
    with pytest.raises(NoChange, match=why):
        assert depth == 0
    assert why in repr(depth)


def test_the_difference_of_two_snapshots(shop: Exporter) -> None:
    shop.text = 'a 1\nb{x="1"} 2\nc 3\nn NaN\n'
    first = shop.metrics.snapshot()
    shop.text = 'a 1\nb{x="1"} 5\nd 4\nn NaN\n'
    difference = shop.metrics.snapshot() - first
    assert repr(difference) == (
        '<Difference: 1 added, 1 removed, 1 changed\n  + d 4\n  - c 3\n  ~ b{x="1"} +3 (2 -> 5)>'
    )
    assert not first - first
    assert repr(first - first) == "<Difference: none>"


def test_a_history_keeps_what_is_new() -> None:
    history = History("x")
    for number in range(2000):
        history.add(number / 10, float(number // 2))
    assert len(history.seen) == 500
    assert "… 488 more …" in str(history)
    assert sparkline([1, 2, 3, float("inf"), 8]) == "▁▂▃█"
    assert sparkline([1e308, -1e308]) == "█▁"
    assert sparkline([4.0]) == ""
