"""A store that is not there yet, hangs, dies and comes back: each test breaks one of its own."""

from __future__ import annotations

import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
from programs import SUCCESS, api_service, post, run_ingest, words_for
from stores import Store

from metricrig import Instance, Rig, Service, metric
from metricrig.events import ServiceStopped

INGESTED = metric("ingest_samples_total", outcome="ingested")
IN_PROGRESS = metric("ingest_requests_in_progress")
RETRIES = metric("ingest_retries_total")


@pytest.fixture
def own_store(rig: Rig, described: Service) -> Store:
    """Not started yet."""
    return cast(Store, rig.add(described))


@pytest.fixture
def own_api(rig: Rig, own_store: Store) -> Instance:
    """Both run."""
    api = rig.add(api_service(own_store))
    rig.start()
    return api


def test_a_store_that_comes_late_gets_the_sample(rig: Rig, own_store: Store, name: str) -> None:
    words = words_for(own_store.url, name, 5, "--within", "40", "--verbose")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        assert "cannot be reached" in command.stderr.readline()  # it has tried
        rig.start()
        assert command.communicate(timeout=60)[0] == SUCCESS
    own_store.flush()
    assert own_store.query(name) == 5


def test_a_hanging_store_is_a_timeout(rig: Rig, own_store: Store, name: str) -> None:
    rig.start()
    own_store.pause()
    done = run_ingest(own_store.url, name, 1, "--timeout", "0.2", "--within", "0.8")
    assert (done.returncode, done.stdout) == (6, "")
    assert re.search(r"/api/v1/write did not answer within 0\.\d+ s \(\d tries in", done.stderr)


def test_a_killed_store_is_a_refused_connection(rig: Rig, own_store: Store, name: str) -> None:
    rig.start()
    assert run_ingest(own_store.url, name, 1).returncode == 0
    own_store.kill()
    done = run_ingest(own_store.url, name, 2, "--within", "0.3")
    assert (done.returncode, done.stdout) == (3, "")


def test_a_request_waits_for_a_store_that_hangs_for_a_while(own_api: Instance, own_store: Store, name: str) -> None:
    own_store.pause()
    now = time.time()
    with ThreadPoolExecutor(1) as pool, own_api.metrics.change(INGESTED) as ingested:
        answer = pool.submit(post, own_api, {"metric": name, "value": 9, "timestamp": now})
        own_api.metrics.wait(IN_PROGRESS == 1, within=10)
        own_store.resume()
        assert answer.result(30) == (200, {"status": "ingested"})
    assert ingested == 1
    own_store.flush()
    assert own_store.query(name, at=now) == 9


def test_the_api_survives_the_death_of_its_store(own_api: Instance, own_store: Store, name: str) -> None:
    own_store.kill()
    now = time.time()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(post, own_api, {"metric": name, "value": 11, "timestamp": now})
        own_api.metrics.wait(RETRIES.sum() >= 1, within=60)  # it goes on trying; a dead name takes an engine a while
        own_api.logs.wait("; again in ", within=60)
        own_store.start()
        assert answer.result(100) == (200, {"status": "ingested"})
    own_store.flush()
    assert own_store.query(name, at=now) == 11


def test_a_stop_lets_a_request_end(rig: Rig, own_api: Instance, own_store: Store, name: str) -> None:
    stopped: list[ServiceStopped] = []
    rig.events.subscribe(lambda event: stopped.append(event) if isinstance(event, ServiceStopped) else None)
    own_store.pause()
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(post, own_api, {"metric": name, "value": 1})
        own_api.metrics.wait(IN_PROGRESS == 1, within=10)
        stopping = pool.submit(own_api.stop)
        own_store.resume()
        assert answer.result(30)[0] == 200
        stopping.result(30)
    (end,) = stopped
    assert not end.escalated  # it has ended by itself, although our connection to its metrics is open
