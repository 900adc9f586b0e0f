"""One VictoriaMetrics for the session; each test sees only what it has written, and so does the application."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api import Api
from in_process import InProcess, running
from model_metrics.app import Settings, create_app
from model_metrics.directory import Directory
from platform_metrics import requests

from metricrig import Timeline
from metricrig.metrics import VictoriaMetricsStore

DIRECTORY = Directory.of(
    {
        "acme": ("acme-token", frozenset({"m1", "m2", "m3"})),
        "rival": ("rival-token", frozenset({"m1", "secret"})),
    }
)


@pytest.fixture
def grid() -> Timeline:
    """Five minutes of scrapes, every 30 s."""
    return Timeline(start="2024-01-01T10:00:00Z", every="30s", length="5m")


@pytest.fixture
def directory() -> Directory:
    """Who may see what; a test may say otherwise."""
    return DIRECTORY


@pytest.fixture
def http(victoriametrics: VictoriaMetricsStore, directory: Directory) -> Iterator[InProcess]:
    """The application, in this process, on this test's view of the store."""
    settings = Settings(victoriametrics.url, directory, victoriametrics.parameters)
    with running(create_app(settings)) as client:
        yield client


@pytest.fixture
def api(http: InProcess, grid: Timeline) -> Api:
    """What acme sees."""
    return Api(http, grid, "acme-token")


@pytest.fixture
def rivals(grid: Timeline, victoriametrics: VictoriaMetricsStore) -> Timeline:
    """Two organizations with a model of the same name, and one with a secret."""
    requests(grid, org="acme").inc(50, by=1)
    requests(grid, org="rival").inc(50, by=100)
    requests(grid, org="rival", model_version="secret").inc(50, by=1000)
    victoriametrics.ingest(grid)
    return grid
