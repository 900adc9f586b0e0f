"""Real servers: written, visible at once, asked; and whatever they refuse is an error."""

from __future__ import annotations

import json
import math
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.versions import obtain_all

from metricrig import Instance, Rig
from metricrig.metrics.promql import QueryFailed
from metricrig.metrics.remote_write import WriteRejected, payload
from metricrig.metrics.results import Matrix, Scalar, Series, Vector, VectorSample
from metricrig.metrics.store import PrometheusStore, Store, VictoriaMetricsStore
from metricrig.metrics.timeline import Block, Timeline
from metricrig.services import Prometheus, VictoriaMetrics

MIDNIGHT = 1704067200
ANY_ORDER = {"storage": {"tsdb": {"out_of_order_time_window": "50y"}}}
OLD, NEW = "<1.88", "1.128.0"


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Instance]]:
    obtain_all(VictoriaMetrics(version=OLD), VictoriaMetrics(version=NEW), Prometheus(version="~=2.42.0"))
    with Rig("stores") as rig:
        found: dict[str, Instance] = {
            "old": rig.add(VictoriaMetrics(version=OLD), name="old"),
            "new": rig.add(VictoriaMetrics(version=NEW), name="new"),
            "prometheus": rig.add(Prometheus(version="~=2.42.0", config=ANY_ORDER)),
            "strict": rig.add(Prometheus(version="~=2.42.0"), name="strict"),
        }
        rig.start()
        yield found


@pytest.fixture(params=["old", "new"])
def victoria(servers: dict[str, Instance], request: pytest.FixtureRequest) -> VictoriaMetricsStore:
    return VictoriaMetricsStore(servers[request.param].url, idempotent=True)


@pytest.fixture
def prometheus(servers: dict[str, Instance]) -> PrometheusStore:
    return PrometheusStore(servers["prometheus"].url)


@pytest.fixture
def strict(servers: dict[str, Instance]) -> PrometheusStore:
    """Nothing older than an hour before its newest sample is taken: each test writes later than the one before."""
    return PrometheusStore(servers["strict"].url)


@pytest.fixture(params=["old", "new", "prometheus"])
def store(servers: dict[str, Instance], request: pytest.FixtureRequest) -> Store:
    url = servers[request.param].url
    return PrometheusStore(url) if request.param == "prometheus" else VictoriaMetricsStore(url)


def block(name: str, series: int, steps: int, every: float = 10, start: float = MIDNIGHT) -> Block:
    labels = [{"__name__": name, "series": f"s{number:05}"} for number in range(series)]
    times = (np.arange(steps) * round(every * 1000) + round(start * 1000)).astype(np.int64)
    values = np.arange(series * steps, dtype=float).reshape(series, steps)
    return Block(labels, times, values, np.ones((series, steps), dtype=bool))


def test_what_was_ingested_is_there_at_once(store: Store) -> None:
    done = store.ingest(block("seen", 30, 50))
    assert (done.samples, done.nans) == (1500, 0)
    assert store.query("count(seen)", MIDNIGHT + 490) == 30
    got = store.query_range("seen", MIDNIGHT, MIDNIGHT + 490, 10)
    assert got.by("series")["s00001"] == list(range(50, 100))
    assert len(got.series) == 30


def test_a_timeline_is_read_back_as_it_is(store: Store) -> None:
    grid = Timeline(start="2024-02-01T00:00:00Z", every="30s", length="5m")
    requests = grid.counter("model_requests_total", model="m1")
    requests.labels(status="200").inc(50).inc(60).inc(70).inc(150)
    requests.labels(status="404").inc(200).inc(250)
    store.ingest(grid)
    got = store.query_range("model_requests_total", grid)
    assert got.label_values("status") == ["200", "404"]
    assert got.by("status")["200"][-1] == 4


def test_a_day_series_by_series_reaches_prometheus_in_the_order_of_time(strict: PrometheusStore) -> None:
    done = strict.ingest([block("day_a", 40, 2880, 30), block("day_b", 40, 2880, 30)])
    assert (done.samples, done.requests) == (230400, 5)
    assert strict.query('count_over_time(day_b{series="s00039"}[1d])', MIDNIGHT + 86399) == 2880


def test_one_sample_at_midnight_is_found(store: Store) -> None:
    store.write("midnight", 7, {"who": "a"}, MIDNIGHT + 86400)
    assert store.query("midnight", MIDNIGHT + 86401) == {"a": 7}
    assert store.series("midnight", start=MIDNIGHT, end=MIDNIGHT + 90000) == [{"__name__": "midnight", "who": "a"}]


def test_one_sample_now_is_found(store: Store) -> None:
    store.write("now", 7)
    assert store.query("now") == 7


def test_stale_markers_end_a_series(store: Store) -> None:
    ended = block("ended", 2, 5)
    ended.values.view(np.uint64)[0, 3] = 0x7FF0000000000002
    ended.present[0, 4] = False
    store.ingest(ended)
    got = store.query_range("ended", MIDNIGHT, MIDNIGHT + 40, 10)
    assert got.by("series") == {"s00000": [0, 1, 2, None, None], "s00001": [5, 6, 7, 8, 9]}


def test_nan_samples_are_counted(victoria: VictoriaMetricsStore) -> None:
    some = block("some_nan", 1, 5)
    some.values[0, 2] = math.nan
    assert victoria.ingest(some).nans == 1
    assert victoria.export("some_nan").one() == [0, 1, 3, 4]


def test_a_duplicate_with_another_value_is_refused_by_prometheus(strict: PrometheusStore) -> None:
    strict.write("twice", 1, at=MIDNIGHT + 7 * 86400)
    strict.write("twice", 1, at=MIDNIGHT + 7 * 86400)
    with pytest.raises(WriteRejected, match="duplicate sample") as caught:
        strict.write("twice", 2, at=MIDNIGHT + 7 * 86400)
    assert (caught.value.status, "another value" in str(caught.value)) == (400, True)


def test_what_is_older_than_the_head_is_refused_by_prometheus(strict: PrometheusStore) -> None:
    strict.write("newer", 1, at=MIDNIGHT + 8 * 86400)
    with pytest.raises(WriteRejected, match=r"what to do: .*any_age=True"):
        strict.write("older", 1, at=MIDNIGHT)


def test_version_2_that_is_dropped_is_recognised(store: Store) -> None:
    with pytest.raises(WriteRejected, match=r"does not know remote write 2\.0"):
        store.ingest(block("second_version", 1, 5), version=2)


def test_a_query_with_an_error_says_which(store: Store) -> None:
    with pytest.raises(QueryFailed, match=r"sum\(\(\n.* answered 4..: ") as caught:
        store.query("sum((")
    assert caught.value.query == "sum(("
    assert caught.value.kind in {"422", "bad_data"}


def test_views_do_not_see_each_other(victoria: VictoriaMetricsStore) -> None:
    one, other = victoria.isolated(), victoria.isolated("mine")
    one.ingest(block("shared", 3, 5))
    other.write("shared", 99, {"series": "s00001"}, MIDNIGHT + 40)
    assert one.query("shared", MIDNIGHT + 40) == {"s00000": 4, "s00001": 9, "s00002": 14}
    assert other.query("shared", MIDNIGHT + 40).one() == VectorSample(
        {"__name__": "shared", "series": "s00001"}, MIDNIGHT + 40, 99
    )
    assert victoria.query("count(shared)", MIDNIGHT + 40) == 4
    span = {"start": MIDNIGHT, "end": MIDNIGHT + 100}
    assert other.series("shared", **span) == [{"__name__": "shared", "series": "s00001"}]
    assert other.labels("shared", **span) == ["__name__", "series"]
    assert one.label_values("series", "shared", **span) == ["s00000", "s00001", "s00002"]
    assert other.label_values("mine") == []
    assert other.export("shared").one() == [99]


def test_writers_beside_each_other_see_what_they_wrote_at_once(victoria: VictoriaMetricsStore) -> None:
    """A flush returns before another one that runs just then has made visible what it took with it."""

    def write_and_look(number: int) -> list[float]:
        view = VictoriaMetricsStore(victoria.server.url).isolated()
        seen = []
        for value in range(25):
            view.write("beside", value, {"n": str(value), "who": str(number)}, MIDNIGHT + 50)
            seen.append(view.query(f'sum(beside{{n="{value}"}})', MIDNIGHT + 50).one().value)
        view.server.close()
        return seen

    with ThreadPoolExecutor(6) as several:
        assert list(several.map(write_and_look, range(6))) == [list(range(25))] * 6


def test_a_program_under_test_shares_a_view_by_plain_urls(victoria: VictoriaMetricsStore) -> None:
    one, other = victoria.isolated(), victoria.isolated("mine")
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
    for view, value in ((one, 1), (other, 2)):
        body = payload("plainly", value, timestamp=MIDNIGHT + 40)
        urllib.request.urlopen(urllib.request.Request(view.write_url, body, headers), timeout=10).close()
    victoria.flush()
    assert [view.query("plainly", MIDNIGHT + 40) for view in (one, other)] == [1, 2]
    asked = {"query": "plainly", "time": MIDNIGHT + 40, "nocache": 1, "extra_filters[]": other.extra_filter}
    url = f"{victoria.server.url}/api/v1/query?{urllib.parse.urlencode(asked)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert [each["value"][1] for each in json.load(answer)["data"]["result"]] == ["2"]
    assert other.extra_filter == '{mine="' + other.extra_label.removeprefix("mine=") + '"}'
    assert (victoria.extra_label, victoria.extra_filter, victoria.parameters) == ("", "", {})
    assert other.parameters == {"extra_label": other.extra_label}
    assert other.url == victoria.url
    assert victoria.write_url == f"{victoria.server.url}/api/v1/write"


def test_a_scalar_is_a_scalar_where_there_are_scalars(store: Store) -> None:
    got = store.query("3", MIDNIGHT)
    assert got == 3
    assert isinstance(got, Vector if isinstance(store, VictoriaMetricsStore) else Scalar)


def test_a_range_in_an_instant_query_is_a_matrix(prometheus: PrometheusStore) -> None:
    at = MIDNIGHT + 10 * 86400
    prometheus.write("ranged", 4, at=at)
    assert prometheus.query("ranged[1m]", at) == Matrix((Series({"__name__": "ranged"}, (at,), (4.0,)),))
