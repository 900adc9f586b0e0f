"""A real Locust, a master and its workers: its users' requests are a run like any other."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.shop_client import Shop, open_shop
from support.waiting import eventually

from metricrig import Rig, StartFailed, UsageError
from metricrig.services import Locust

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(900)  # it may have to be installed first
USERS = """
from locust import HttpUser, constant, task

class Buyer(HttpUser):
    wait_time = constant(0.02)

    @task(9)
    def buy(self):
        self.client.get("/200", name="buy")

    @task(1)
    def fail(self):
        self.client.get("/503", name="fail")
"""


@pytest.fixture
def shop() -> Iterator[Shop]:
    """What is loaded."""
    with open_shop() as shop:
        yield shop


@pytest.fixture
def locustfile(tmp_path: Path) -> Path:
    """A file as people have it for Locust."""
    path = tmp_path / "locust{file}.py"
    path.write_text(USERS)
    return path


@pytest.mark.process_only("Locust's own Python is on this machine")
def test_its_users_are_a_run_like_any_other(rig: Rig, shop: Shop, locustfile: Path, locust_python: str) -> None:
    locust = rig.add(Locust(locustfile, workers=2, host=shop.url, python=locust_python))
    rig.start()
    assert locust.worker_count == 2
    run = locust.load(users=4, for_="2s", lag="60s")
    assert 0 < run.calls <= shop.seen()[1] <= run.calls + 4, "what was under way at the end has no end"
    assert set(run.operations) <= {"buy", "fail"}
    assert run.op("buy").failed == 0
    fails = sum(run.errors.values())
    assert fails == run.failed
    if fails:
        assert "503" in next(iter(run.errors))
        assert run.op("fail").failed == fails
    assert 0 < run.p50 <= run.p99
    eventually(lambda: locust.statistics()["stats"][-1]["num_requests"] >= run.calls - 4)  # told every few seconds
    with urllib.request.urlopen(locust.url, timeout=60) as page:
        assert b"Locust" in page.read()
    with locust.background(users=2, lag="60s") as traffic:
        seen = shop.seen()[1]
        eventually(lambda: shop.seen()[1] > seen + 20)
    assert traffic.calls > 0
    assert traffic.began > run.ended, "what was before belongs to the run before"
    assert traffic.calls < run.calls + shop.seen()[1]


@pytest.mark.process_only("as above")
def test_a_locust_that_dies_ends_its_run(shop: Shop, locustfile: Path, locust_python: str) -> None:
    code = f"""
import os, signal, threading
from metricrig import Rig, load
from metricrig.services import Locust

with Rig("test") as rig:
    locust = rig.add(Locust({str(locustfile)!r}, host={shop.url!r}, python={locust_python!r}))
    rig.start()
    threading.Timer(1, os.kill, (locust.pid, signal.SIGKILL)).start()
    run = locust.load(users=1, for_="600s")
    print(run.reasons)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert "locust died, was killed by SIGKILL" in done.stdout


def test_a_python_without_locust_is_told(rig: Rig, locustfile: Path) -> None:
    rig.add(Locust(locustfile, python=sys.executable))
    with pytest.raises(StartFailed, match="pip install locust"):
        rig.start()


def test_what_is_no_locustfile_is_refused(tmp_path: Path, locustfile: Path) -> None:
    with pytest.raises(UsageError, match="locustfile="):
        Locust(tmp_path / "none.py")
    with pytest.raises(UsageError, match="workers="):
        Locust(locustfile, workers=0)
    assert "locust" not in sys.modules
