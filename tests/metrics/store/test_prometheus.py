"""Views of one Prometheus: each answers as a server of its own would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from support.versions import obtain_all

from metricrig import Rig, UsageError
from metricrig.metrics.promql import QueryFailed
from metricrig.metrics.remote_write import WriteRejected
from metricrig.metrics.results import Matrix, Vector, VectorSample
from metricrig.metrics.store import PrometheusStore
from metricrig.metrics.timeline import Block
from metricrig.services import Prometheus, PrometheusInstance

MIDNIGHT, NEW_YEAR_2010, NOW = 1704067200, 1262304000, 1790000000
AT = MIDNIGHT + 300
QUERIES = [
    "x",
    "x{}",
    'x{a="1"}',
    'x{a!~"}|1",}',
    '{__name__=~"x|sum"}',
    "sum",
    "and and and",
    "sum(x)",
    "sum by (a) (x)",
    "sum(x) without (a)",
    "count(x) by (b) + on (b) group_left (a) label_replace(x, 'c', '$1', 'a', '(.*)')",
    "topk(1, x)",
    'count_values("value", x)',
    "quantile(0.5, x)",
    "rate(x[2m])",
    "sum by (a) (increase(x[1m])) # of x",
    "x[1m]",
    "max_over_time(rate(x[1m])[2m:30s])",
    "x offset 1m",
    "x offset -1m",
    f"x @ {MIDNIGHT}",
    "sum_over_time(x[1m] @ end() offset 30s)",
    "x == bool 12",
    "x > 11 or sum",
    "x unless ignoring (a) sum",
    'x{a="1"} and on () sum',
    "x / on (a, b) x",
    "-x ^ 2",
    'absent(nothing{a="1"})',
    'absent_over_time(nothing{a="1"}[1m])',
    "absent(sum(x))",
    'label_join(x, "ab", "-", "a", "b")',
    "scalar(sum) + 0xe",
    "vector(scalar(sum(x)))",
    "timestamp(x)",
    "sum(x) or vector(0)",
    "sort_desc(x)",
    "1 + 1",
    "time()",
]


def data(scale: float, start: float = MIDNIGHT) -> Block:
    several = [("x", "1", "p"), ("x", "2", "q"), ("sum", "2", "q"), ("and", "1", "p")]
    labels = [{"__name__": name, "a": a, "b": b} for name, a, b in several]
    times = (np.arange(41) * 15_000 + round(start * 1000)).astype(np.int64)
    values = scale * np.arange(41 * len(several), dtype=float).reshape(len(several), 41)
    return Block(labels, times, values, np.ones(values.shape, dtype=bool))


@dataclass
class Shared:
    """A server with two views, and one for each view that has nothing else."""

    server: PrometheusInstance
    views: tuple[PrometheusStore, PrometheusStore]
    alone: tuple[PrometheusStore, PrometheusStore]


@pytest.fixture(scope="module", params=["~=2.42.0", "3.5.0"])
def shared(request: pytest.FixtureRequest) -> Iterator[Shared]:
    obtain_all(Prometheus(version=request.param))
    with Rig("views") as rig:
        server, one, other = (
            rig.add(Prometheus(version=request.param, any_age=True), name=name) for name in ("shared", "one", "other")
        )
        rig.start()
        found = Shared(server, (server.isolated(), server.isolated("mine")), (one.store, other.store))
        for number, scale in enumerate((1, 1000)):
            found.views[number].ingest(data(scale))
            found.alone[number].ingest(data(scale))
        yield found


@pytest.mark.parametrize("query", QUERIES)
def test_a_view_answers_as_a_server_of_its_own(shared: Shared, query: str) -> None:
    for view, alone in zip(shared.views, shared.alone, strict=True):
        assert view.query(query, AT) == alone.query(query, AT)
        if query != "x[1m]":
            there, here = (store.query_range(query, MIDNIGHT, MIDNIGHT + 600, 60) for store in (alone, view))
            assert here == there, here.difference(there)


def test_the_same_question_has_another_answer_in_each_view(shared: Shared) -> None:
    one, other = shared.views
    assert (one.query("sum(x)", AT), other.query("sum(x)", AT)) == (81, 81000)
    assert shared.server.query("sum(x)", AT) == 81081


def test_the_label_of_a_view_is_seen_nowhere(shared: Shared) -> None:
    view = shared.views[1]
    assert view.query('x{a="1"}', AT).one() == VectorSample({"__name__": "x", "a": "1", "b": "p"}, AT, 20000)
    assert view.query('absent(nothing{a="1"})', AT) == Vector((VectorSample({"a": "1"}, AT, 1),))
    assert [set(each.labels) for each in view.query("x[1m]", AT).series] == [{"__name__", "a", "b"}] * 2
    assert view.labels(start=MIDNIGHT, end=AT) == ["__name__", "a", "b"]
    assert view.series('sum{a=~".+"}', start=AT, end=AT) == [{"__name__": "sum", "a": "2", "b": "q"}]
    assert view.label_values("mine", start=MIDNIGHT, end=AT) == []


def test_nobody_elses_label_can_be_asked_for(shared: Shared) -> None:
    one, other = shared.views
    assert one.query(f"x{{{other.matcher}}}", AT) == Vector(())
    assert shared.server.query(f"sum(x{{{other.matcher}}})", AT) == 81000
    assert one.query('{mine!=""}', AT) == Vector(())
    assert one.query_range('{__name__!=""}', MIDNIGHT, AT, 60).label_values("mine") == []


def test_an_expression_that_is_wrong_is_an_error_in_a_view_too(shared: Shared) -> None:
    view = shared.views[0]
    with pytest.raises(QueryFailed, match="parse error"):
        view.query("sum((", AT)
    with pytest.raises(QueryFailed, match="parse error"):
        view.query("x x", AT)
    with pytest.raises(UsageError, match="character 2 on it is not PromQL"):
        view.query('x{a="1', AT)


def test_the_label_takes_part_in_matching(shared: Shared) -> None:
    """What prom-label-proxy and VictoriaMetrics do too: two sides that lose all other labels alike have to say on()."""
    view, alone = shared.views[0], shared.alone[0]
    assert alone.query("x / sum by (a, b) (x)", AT) == {("1", "p"): 1, ("2", "q"): 1}
    assert view.query("x / sum by (a, b) (x)", AT) == Vector(())
    assert view.query("x / on (a, b) sum by (a, b) (x)", AT) == {("1", "p"): 1, ("2", "q"): 1}
    bare = shared.server.isolated()
    bare.write("bare", 3, at=NOW - 86400)
    assert len(bare.query("bare or vector(0)", NOW - 86400).samples) == 2
    assert bare.query("bare or on () vector(0)", NOW - 86400) == 3


def test_views_are_ingested_in_any_order_of_their_times(shared: Shared) -> None:
    for number, start in enumerate((NOW, MIDNIGHT, NEW_YEAR_2010, MIDNIGHT + 86400, 86400), start=1):
        view = shared.server.isolated()
        view.ingest(data(number, start))
        assert exactly(view.query('{__name__!=""}[615s]', start + 600), data(number, start))


def test_each_series_is_still_written_in_the_order_of_time_and_once(shared: Shared) -> None:
    view = shared.server.isolated()
    view.write("y", 1, at=NOW)
    view.write("z", 1, at=NEW_YEAR_2010)
    for at, reason in ((NOW, "duplicate sample"), (NOW - 1, "out of order"), (MIDNIGHT, "out of order")):
        with pytest.raises(WriteRejected, match=reason):
            view.write("y", 2, at=at)
    assert view.query("y", NOW) == 1


def test_old_samples_survive_a_kill(rig: Rig) -> None:
    server = rig.add(Prometheus(any_age=True))
    rig.start()
    views = [server.isolated() for _ in range(2)]
    for view, start in zip(views, (NOW, NEW_YEAR_2010), strict=True):
        view.ingest(data(1, start))
    server.kill()
    rig.start()
    for view, start in zip(views, (NOW, NEW_YEAR_2010), strict=True):
        again = PrometheusStore(server.url, view_label=view._view_label)
        assert exactly(again.query('{__name__!=""}[615s]', start + 600), data(1, start))


def exactly(got: Matrix, written: Block) -> bool:
    """Whether these are all samples of a block, and nothing else."""
    found = {(each.labels["__name__"], each.labels["a"]): each for each in got.series}
    return len(found) == len(got.series) == len(written.labels) and all(
        list(found[labels["__name__"], labels["a"]].values) == list(values)
        and [round(time * 1000) for time in found[labels["__name__"], labels["a"]].times] == list(written.times)
        for labels, values in zip(written.labels, written.values, strict=True)
    )
