"""What clients are told while the store does not answer: that, and nothing about the store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api import AT, BILL, Api
from conftest import DIRECTORY
from in_process import running
from model_metrics.app import Settings, create_app

from metricrig import Rig, Timeline
from metricrig.services import VictoriaMetrics, VictoriaMetricsInstance

TOLD = ("STORE_UNAVAILABLE", "the metrics cannot be read at the moment; try again later")


@pytest.fixture
def store(rig: Rig) -> VictoriaMetricsInstance:
    """A store of this test's own: others need theirs alive."""
    store = rig.add(VictoriaMetrics())
    rig.start()
    return store


@pytest.fixture
def api(store: VictoriaMetricsInstance, grid: Timeline) -> Iterator[Api]:
    """An application that waits a fifth of a second for its store."""
    with running(create_app(Settings(store.url, DIRECTORY, within=0.2))) as http:
        yield Api(http, grid, "acme-token")


def refused(api: Api) -> set[tuple[str, str]]:
    """What is said to a question of each kind."""
    moment = {"model": "m1", "at": api.time(60), "window": 30}
    return {
        api.refusal(BILL, org="acme", start=api.time(0), end=api.time(300)),
        api.refusal(AT.replace("FIELD", "inference_volume_by_status { status }"), **moment),
    }


def test_a_store_that_is_gone_and_comes_back(
    api: Api, store: VictoriaMetricsInstance, caplog: pytest.LogCaptureFixture
) -> None:
    assert api.at("volume", 60)["2xx"] == 0.0
    store.kill()
    assert refused(api) == {TOLD}
    assert 'model_requests_total{org="acme"}' in caplog.text  # our log has the query
    store.start()
    assert api.at("volume", 60)["2xx"] == 0.0


def test_a_store_that_hangs(api: Api, store: VictoriaMetricsInstance) -> None:
    store.pause()
    assert refused(api) == {TOLD}
    store.resume()
    assert api.at("volume", 60)["2xx"] == 0.0


def test_a_store_that_is_something_else(grid: Timeline, store: VictoriaMetricsInstance) -> None:
    for path in ("/metrics", "/vmui", "/nothing"):
        with running(create_app(Settings(store.url + path, DIRECTORY))) as http:
            assert refused(Api(http, grid, "acme-token")) == {TOLD}
