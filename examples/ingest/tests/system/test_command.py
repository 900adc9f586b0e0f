"""The command as a subprocess, against real stores of every version."""

from __future__ import annotations

import time

from programs import SUCCESS, run_ingest
from stores import Store, is_prometheus

from metricrig import Instance
from metricrig.metrics import assert_label_exists


def test_it_says_so_and_the_sample_is_there(store: Store, name: str) -> None:
    moment = time.time()
    done = run_ingest(
        store.url, name, 100, "--label", "status=ok", "--label", "shop=tea", "--timestamp", f"{moment:.3f}"
    )
    assert (done.stdout, done.stderr, done.returncode) == (SUCCESS, "", 0)
    store.flush()
    found = store.query(name, at=moment)
    assert found == 100
    assert_label_exists(found, "status", "ok")
    assert_label_exists(found, "shop", "tea")


def test_without_a_time_it_is_now(store: Store, name: str) -> None:
    before = time.time()
    assert run_ingest(store.url, name, 7).returncode == 0
    after = time.time()
    store.flush()
    assert before - 0.001 <= store.query(f"timestamp({name})", at=after).one().value <= after


def test_a_refusal_has_the_stores_words_and_its_own_exit_code(store: Store, name: str) -> None:
    if is_prometheus(store):  # the real 400: samples of a series come in the order of time
        now = time.time()
        assert run_ingest(store.url, name, 2, "--timestamp", f"{now:.3f}").returncode == 0
        done = run_ingest(store.url, name, 1, "--timestamp", f"{now - 60:.3f}")
        assert "/api/v1/write answered 400: out of order sample" in done.stderr
    else:
        done = run_ingest(f"{store.url}/api/v1/nothing", name)
        assert "/api/v1/nothing answered 400: " in done.stderr
        assert "unsupported path" in done.stderr
    assert (done.returncode, done.stdout) == (4, "")


def test_it_runs_beside_the_api_and_reaches_the_store_from_there(api: Instance, store: Store, name: str) -> None:
    """In a container the command is that of the image, and the store has another address."""
    moment = time.time()
    words = ["--metrics-url", store.inside.url, "--metric-name", name, "--value", "3", "--timestamp", f"{moment:.3f}"]
    assert api.run(["ingest", *words]).out == SUCCESS
    store.flush()
    assert store.query(name, at=moment) == 3
