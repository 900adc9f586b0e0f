"""Whole runs of these suites: what their switches do, and that nothing is left of a run, however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from exporter_suite import InRedis, keys

from metricrig.services import Redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metricrig import Instance, Rig

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(180)]

ROOT = Path(__file__).parent.parent
A_FEW = ("tests/file/test_files.py", "tests/redis/test_keys.py")


def command(*words: str) -> list[str]:
    """A run of its own, of one process unless it says more."""
    return [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", *words]


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """An environment by which all that comes of a run can be told from what others run."""
    return {**os.environ, "METRICRIG_DATA": str(tmp_path / "data"), "FORCE_COLOR": "1"}


@pytest.fixture
def foreign(rig: Rig) -> Iterator[Instance]:
    """A Redis that somebody else uses too."""
    redis = rig.add(Redis("foreign"))
    rig.start()
    with keys.connected(room(redis)) as client:
        client.set("theirs", "1")
        yield redis
        assert client.get("theirs") == "1"


def room(redis: Instance) -> InRedis:
    """Where the runs keep their keys."""
    return InRedis(host=redis.host, port=redis.port, db=3, prefix="exporter-suite")


def own_keys(redis: Instance) -> list[str]:
    """Keys of runs."""
    with keys.connected(room(redis)) as client:
        return [each for each in client.scan_iter() if each != "theirs"]


def processes(surroundings: dict[str, str]) -> list[psutil.Process]:
    """All that run in these surroundings."""
    found = []
    for each in psutil.process_iter():
        try:
            if each.environ().get("METRICRIG_DATA") == surroundings["METRICRIG_DATA"]:
                found.append(each)
        except psutil.Error:  # of another user, or gone
            continue
    return found


def directories(surroundings: dict[str, str]) -> list[Path]:
    """All that rigs have left there."""
    return list(Path(surroundings["METRICRIG_DATA"]).glob("metricrig-*/*"))


def eventually(look: Callable[[], object], within: float) -> None:
    """Look until there is something true."""
    end = time.monotonic() + within
    while not look():
        assert time.monotonic() < end, f"not within {within:g} s"
        time.sleep(0.01)


def test_nothing_is_left_of_a_run_in_a_redis_of_somebody_else(foreign: Instance, surroundings: dict[str, str]) -> None:
    url = f"redis://{foreign.address()}/3"
    done = subprocess.run(
        command("--ci", "-n", "2", "--redis-url", url, *A_FEW),
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "\x1b[" not in done.stdout  # --ci, whatever the terminal can do
    assert re.search(r"servers started in .*no leaks", done.stdout)
    assert own_keys(foreign) == []
    assert processes(surroundings) == []
    assert directories(surroundings) == []


def test_nothing_is_left_of_a_run_that_was_killed(foreign: Instance, surroundings: dict[str, str]) -> None:
    url = f"redis://{foreign.address()}/3"
    run = subprocess.Popen(
        command("-n", "2", "--redis-url", url, *A_FEW),
        cwd=ROOT,
        env=surroundings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: own_keys(foreign) or run.poll() is not None, within=90)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    eventually(lambda: not processes(surroundings), within=10)
    eventually(lambda: not directories(surroundings), within=10)
    with keys.connected(room(foreign)) as client:
        assert all(client.ttl(each) in range(31) for each in own_keys(foreign))  # they end by themselves, or:
    subprocess.run(
        command("--force", "--redis-url", url, "--collect-only", "-q"),
        cwd=ROOT,
        env=surroundings,
        stdout=subprocess.DEVNULL,
        timeout=120,
        check=True,
    )
    assert own_keys(foreign) == []


def test_the_quick_way_leaves_out_what_is_thorough(surroundings: dict[str, str]) -> None:
    def collected(*switches: str) -> set[str]:
        done = subprocess.run(
            command("--collect-only", "-q", *switches, "tests/file"),
            cwd=ROOT,
            env=surroundings,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return {line for line in done.stdout.splitlines() if "::" in line}

    quick, everything = collected("--quick"), collected()
    assert quick < everything
    assert any("test_a_real_prometheus" in each for each in everything - quick)
    assert any("of_a_crowd" in each for each in quick)
