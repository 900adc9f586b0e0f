"""VictoriaMetrics' own ways in: JSON lines and the text of a page."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
import pytest
from support.versions import obtain_all

from metricrig import Rig
from metricrig.metrics.remote_write.json_lines import line_bodies
from metricrig.metrics.store import SamplesLost, Unkeepable, VictoriaMetricsStore
from metricrig.metrics.timeline import Block
from metricrig.services import VictoriaMetrics

MIDNIGHT = 1704067200


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    obtain_all(VictoriaMetrics(version="<1.88"), VictoriaMetrics(version="1.128.0"))
    with Rig("imports") as rig:
        rig.add(VictoriaMetrics(version="<1.88"), name="old")
        rig.add(VictoriaMetrics(version="1.128.0"), name="new")
        rig.start()
        yield {each.name: each.url for each in rig}


@pytest.fixture(params=["old", "new"])
def store(urls: dict[str, str], request: pytest.FixtureRequest) -> VictoriaMetricsStore:
    return VictoriaMetricsStore(urls[request.param], idempotent=True).isolated()


def block(values: list[list[float]]) -> Block:
    table = np.array(values)
    labels = [{"__name__": "imported", "who": f'"é\\{row}', "empty": ""} for row in range(len(values))]
    times = (np.arange(table.shape[1]) * 10_000 + MIDNIGHT * 1000).astype(np.int64)
    return Block(labels, times, table, np.ones(table.shape, dtype=bool))


def test_json_lines_are_kept_without_their_nan(store: VictoriaMetricsStore) -> None:
    done = store.import_lines(block([[1, math.nan, 0.125], [math.inf, -math.inf, 5]]))
    assert (done.samples, done.requests, done.nans) == (5, 1, 1)
    got = store.export("imported")
    assert got.by("who") == {'"é\\0': [1, 0.125], '"é\\1': [math.inf, -math.inf, 5]}


def test_json_lines_that_would_be_cut_are_refused(store: VictoriaMetricsStore) -> None:
    bad = block([[1.0], [2.0]])
    bad.labels[1].update(long="x" * 20000)  # type: ignore[attr-defined]
    with pytest.raises(Unkeepable, match="the value of long has 20000 bytes"):
        store.import_lines(bad)


def test_many_lines_are_several_requests() -> None:
    several = list(line_bodies([block([[1.0, 2.0]] * 10)], most=300))
    assert sum(each.samples for each in several) == 20
    assert sum(each.series for each in several) == 10
    assert [each.number for each in several] == list(range(1, len(several) + 1))
    assert len(several) > 2


def test_a_page_is_imported(store: VictoriaMetricsStore) -> None:
    store.import_text(f'# TYPE paged counter\npaged{{a="b"}} 3\npaged 4 {MIDNIGHT}000\n', at=MIDNIGHT + 10)
    assert store.query('paged{a="b"}', MIDNIGHT + 10) == 3
    assert store.query('paged{a=""}', MIDNIGHT + 1) == 4
    store.import_text("paged_now 5\n")
    assert store.query("paged_now", time.time()) == 5


def test_a_line_that_is_not_read_is_an_error(store: VictoriaMetricsStore) -> None:
    with pytest.raises(SamplesLost, match=r"vm_rows_invalid_total.*prometheus"):
        store.import_text("fine 1\nbroken{ 2\n", at=MIDNIGHT)
