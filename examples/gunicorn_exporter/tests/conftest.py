"""The switches of the suites, and where the exporter keeps its numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING

import pytest
from exporter_suite import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter_suite import InRedis

    from metricrig import Rig


def pytest_addoption(parser: pytest.Parser) -> None:
    """As people know them from such suites; pytest's and metricrig's own (-v, -n, --rig-hold...) are there too."""
    group = parser.getgroup("exporter", "gunicorn-prometheus-exporter")
    group.addoption("--quick", action="store_true", help="the essential cases, with little traffic")
    group.addoption("--ci", action="store_true", help="no colours, servers' files in ./logs, nothing is skipped")
    group.addoption("--force", action="store_true", help="first take away what runs that were killed have left")
    group.addoption("--redis-url", metavar="URL", help="an existing Redis, instead of one of our own")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Our switches are metricrig's, by the names that people know; its plugin reads them after this."""
    for name in [each for each in os.environ if each.startswith(("PROMETHEUS_", "REDIS_", "GUNICORN_"))]:
        del os.environ[name]  # said to somebody's own server, and heard by ours
    if config.getoption("quick"):
        config.option.rig_quick = True
    if config.getoption("ci"):
        config.option.color = "no"
        config.option.rig_strict = True
        os.environ.setdefault("METRICRIG_DATA", str(config.rootpath / "logs"))
    if config.getoption("force") and not hasattr(config, "workerinput"):
        # What it says is for people: a stranger's rig that cannot be removed is no reason not to test.
        subprocess.run([sys.executable, "-m", "metricrig", "clean", "--kept"], check=False)
        if url := config.getoption("redis_url"):
            keys.remove_abandoned(url)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who waits for somebody's clock begins first, so that the others run meanwhile.

    Each process of a parallel run is given two tests to begin with, so there is another one between two of these.
    """
    patient = [each for each in items if each.get_closest_marker("patient")]
    others = [each for each in items if each not in patient]
    between, rest = others[: len(patient)], others[len(patient) :]
    items[:] = [each for pair in zip_longest(patient, between) for each in pair if each is not None] + rest


@pytest.fixture
def rig(rig: Rig) -> Iterator[Rig]:
    """A fresh rig. Who is about an end has seen it by now; for all others a graceful one is 0.3 s of waiting."""
    yield rig
    end(rig)


def end(rig: Rig) -> None:
    """Kill what still runs."""
    for each in rig:
        if each.state in {"ready", "paused"}:
            each.kill()


@pytest.fixture
def store(request: pytest.FixtureRequest, rig: Rig) -> Iterator[InRedis]:
    """Room in a Redis for what runs in the rig: a prefix of its own, empty afterwards."""
    url = request.config.getoption("redis_url") or request.getfixturevalue("redis").url
    with keys.private(url) as room:
        yield room
        end(rig)  # it writes until then
