"""Servers that are configured by a YAML file: they count exactly, with all kinds of workers and either storage."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from exporter_suite import Exporter, Files, InRedis, keys, visit
from exporter_suite.configuration import as_it_is, as_text
from exporter_suite.documents import least, put
from exporter_suite.service import WORKERS

from metricrig import metric
from metricrig.services import Redis

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from exporter_suite import ExporterInstance
    from exporter_suite.configuration import Document

    from metricrig import Placement, Rig

FAILED = metric("gunicorn_worker_failed_requests_total")
DURATIONS = metric("gunicorn_worker_request_duration_seconds_count")
APP = "exporter_apps.plain:app"
KINDS = [kind if kind == "sync" else pytest.param(kind, marks=pytest.mark.thorough) for kind in WORKERS]
CONFIGURATION = "from gunicorn_prometheus_exporter import load_yaml_config\n\nload_yaml_config({path!r})\n"


@pytest.mark.parametrize("kind", KINDS)
def test_requests_are_counted_in_files(rig: Rig, kind: str) -> None:
    exporter = rig.add(Exporter(kind=kind, yaml=as_it_is))
    rig.start()
    counts_exactly(exporter, kind)
    assert {each.split("_")[0] for each in exporter.files} == {"counter", "gauge", "histogram"}
    exporter.kill()  # how it ends is no matter of YAML, and some kinds take a second


@pytest.mark.parametrize("kind", KINDS)
def test_requests_are_counted_in_redis(rig: Rig, store: InRedis, kind: str) -> None:
    exporter = rig.add(Exporter(kind=kind, storage=store, yaml=as_it_is))
    rig.start()
    counts_exactly(exporter, kind)
    assert {each.split(":")[0] for each in keys.of(store)} == {"counter", "gauge_all", "histogram"}
    assert all(0 < seconds <= 30 for seconds in lifetimes(store))
    assert exporter.files == set()
    exporter.kill()


@pytest.mark.thorough
def test_keys_may_live_for_ever(rig: Rig) -> None:
    redis = rig.add(Redis())
    store = InRedis(host=redis.host, port=redis.port, db=0, prefix="for-ever", ttl=None)
    exporter = rig.add(Exporter(workers=1, storage=store, yaml=as_it_is, needs=[redis]))
    rig.start()
    visit(exporter, 1)
    exporter.metrics.wait(exporter.requests == 1, within=5)
    assert lifetimes(store) == {-1}


def test_the_environment_wins(rig: Rig) -> None:
    """With what the file says it would not even start."""

    def wrong(document: Document) -> Document:
        redis = {"enabled": True, "host": "a..b"}
        return put(put(document, "prometheus.metrics_port", 80), "redis", redis)

    right = {"PROMETHEUS_METRICS_PORT": "{port[metrics]}", "REDIS_ENABLED": "false"}
    exporter = rig.add(Exporter(workers=1, yaml=wrong, env=right))
    rig.start()
    visit(exporter, 3)
    exporter.metrics.wait(exporter.requests == 3, within=5)
    assert exporter.files


class SaidByYaml(Files):
    """Files whose directory is in the YAML file, and not in the environment."""

    def environment(self, at: Placement) -> Mapping[str, str]:
        """Only where the exporter makes the directory that it takes instead."""
        return {"HOME": str(at.dir)}


@pytest.mark.thorough
@pytest.mark.xfail(
    raises=AssertionError,
    reason="A directory that only the YAML file says has no effect: there are no files in it, nor samples on the page.",
)
def test_the_directory_of_files_is_the_one_of_the_yaml_file(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=1, storage=SaidByYaml(), yaml=as_it_is))
    rig.start()
    visit(exporter, 1)
    assert exporter.files
    exporter.metrics.wait(exporter.requests == 1, within=5)


@pytest.mark.thorough
@pytest.mark.xfail(raises=AssertionError, reason="cleanup.db_files is read, and nothing is ever cleaned up.")
def test_files_are_cleaned_up(rig: Rig) -> None:
    exporter = rig.add(Exporter(workers=1, yaml=lambda document: put(document, "cleanup.db_files", value=True)))
    rig.start()
    visit(exporter, 1)
    exporter.metrics.wait(exporter.requests == 1, within=5)
    exporter.stop()
    assert exporter.files == set()


@pytest.mark.thorough
@pytest.mark.xfail(raises=AssertionError, reason="What the section gunicorn says of Gunicorn is not told to Gunicorn.")
def test_gunicorn_is_told_what_is_said_of_it(tmp_path: Path) -> None:
    document = put(least(), "gunicorn", {"workers": 3, "timeout": 31, "keepalive": 7})
    (tmp_path / "exporter.yml").write_text(as_text(document))
    configuration = tmp_path / "gunicorn.conf.py"
    configuration.write_text(CONFIGURATION.format(path=str(tmp_path / "exporter.yml")))
    command = [sys.executable, "-m", "gunicorn", "--print-config", "--config", str(configuration), APP]
    printed = subprocess.run(command, env={"HOME": str(tmp_path)}, check=True, text=True, capture_output=True).stdout
    settings = dict(re.findall(r"^(workers|timeout|keepalive)\s+= (.*)$", printed, re.MULTILINE))
    assert settings == {"workers": "3", "timeout": "31", "keepalive": "7"}


def counts_exactly(exporter: ExporterInstance, kind: str) -> None:
    """As many as there were, neither more nor less, and none of them failed."""
    exporter.logs.wait(f"Using worker: gunicorn_prometheus_exporter.{WORKERS[kind]}", within=5)
    for times, total in ((1, 1), (7, 8), (12, 20)):
        answers = visit(exporter, times)
        assert {status for status, _ in answers} == {200}
        exporter.metrics.wait((exporter.requests == total) & (DURATIONS.sum() == total) & FAILED.absent(), within=5)


def lifetimes(store: InRedis) -> set[int]:
    """How long the keys have yet to live, in seconds; -1 is for ever."""
    names = keys.of(store)
    assert names
    with keys.connected(store) as client:
        return {int(client.ttl(f"{store.prefix}:{name}")) for name in names}
