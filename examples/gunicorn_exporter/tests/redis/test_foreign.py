"""``--redis-url``: a Redis that is somebody else's has afterwards what it had before, even if the run was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from exporter_suite import keys

from metricrig._core.processes import ProcessId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exporter_suite import InRedis

    from metricrig import Rig
    from metricrig.services.redis import RedisInstance

HERE = Path(__file__).parent
TESTS = (
    "test_keys.py::test_a_key_keeps_the_time_of_its_creation",
    "test_lives.py::test_a_new_master_goes_on_counting",
)
THEIRS = {"gunicorn:counter:1:metric:0", "exporter-suite-of-theirs"}
"""Keys of somebody else, one of them of an exporter."""


@pytest.fixture
def foreign(rig: Rig, own_redis: RedisInstance, room: Callable[..., InRedis]) -> Iterator[InRedis]:
    """A Redis that is used by others."""
    rig.start()
    with keys.connected(room()) as client:
        for each in THEIRS:
            client.set(each, "precious")
    yield room()
    assert own_redis.state == "ready"


@pytest.mark.thorough
def test_a_run_that_is_killed_leaves_no_process_no_file_and_no_key_that_stays(
    own_redis: RedisInstance, foreign: InRedis, tmp_path: Path
) -> None:
    with _run(own_redis, tmp_path, *TESTS) as run:
        workers = _workers_seen(own_redis, foreign)
        run.kill()
        assert run.wait(5) == -signal.SIGKILL
    own_redis.wait(lambda _: not list(tmp_path.glob("metricrig-*/*")), within=10)  # a rig goes when its servers have
    assert not any(each.alive for each in workers)
    with keys.connected(foreign) as client:
        left = {each: client.ttl(each) for each in _all(foreign) - THEIRS}
    assert left
    assert all(0 <= ttl <= 30 for ttl in left.values()), left
    keys.remove_abandoned(own_redis.url)  # which is what --force does
    assert _all(foreign) == THEIRS


@contextmanager
def _run(redis: RedisInstance, data: Path, *tests: str) -> Iterator[subprocess.Popen[bytes]]:
    """Tests of this suite, in a run of its own, with somebody else's Redis."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "--redis-url",
        redis.url,
    ]
    with subprocess.Popen(
        [*command, *(str(HERE / each) for each in tests)],
        env={**ours, "METRICRIG_DATA": str(data)},
        cwd=HERE.parents[1],
        stdout=subprocess.DEVNULL,
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def _workers_seen(redis: RedisInstance, foreign: InRedis) -> list[ProcessId]:
    """The workers that have written into it, when the second test is under way: what the first has kept is gone."""
    prefixes: set[str] = set()
    seen: list[ProcessId] = []

    def look(_: object) -> bool:
        ours = _all(foreign) - THEIRS
        prefixes.update(each.partition(":")[0] for each in ours)
        pids = {int(each.split(":")[2]) for each in ours}
        seen[:] = [each for each in map(ProcessId.of, pids) if each is not None]
        return len(prefixes) == 2 and bool(seen)

    redis.wait(look, within=30)
    assert len({each.partition(":")[0] for each in _all(foreign) - THEIRS}) == 1
    return seen


def _all(foreign: InRedis) -> set[str]:
    with keys.connected(foreign) as client:
        return set(client.scan_iter(count=1000))
