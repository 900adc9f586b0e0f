"""What the tests' servers themselves are like: apart from each other, gone when they are to be, without a trace."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import pytest
from programs import run_ingest
from stores import Store

from metricrig import Rig, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCRIPT = Path(__file__).parent.parent / "one_server.py"


class Neighbour(NamedTuple):
    """The store of another test run, and that run."""

    run: subprocess.Popen[str]
    url: str
    directory: Path
    pidfd: int

    def is_gone(self, within: float) -> bool:
        """Whether its server ends in time: the kernel tells."""
        return bool(select.select([self.pidfd], [], [], within)[0])


@contextlib.contextmanager
def neighbours(count: int, store: str, runtime: str) -> Iterator[list[Neighbour]]:
    """So many test runs, started at the same moment."""
    words = [sys.executable, str(_SCRIPT), store, runtime]
    with contextlib.ExitStack() as stack:
        runs = []
        for _ in range(count):
            run = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            runs.append(stack.enter_context(run))
            stack.callback(run.kill)
        several = [met(run) for run in runs]
        for each in several:
            stack.callback(os.close, each.pidfd)
        yield several


def met(run: subprocess.Popen[str]) -> Neighbour:
    """One that is ready."""
    facts = json.loads(pipe(run.stdout).readline())
    return Neighbour(run, facts["url"], Path(facts["directory"]), os.pidfd_open(facts["pid"]))


def pipe(stream: IO[str] | None) -> IO[str]:
    """It is one."""
    assert stream is not None
    return stream


def answers(url: str) -> bool:
    """Whether anybody serves there."""
    try:
        urllib.request.urlopen(f"{url}/metrics", timeout=5).close()
    except urllib.error.URLError:
        return False
    return True


@pytest.fixture
def runtime(rig: Rig) -> str:
    """Where the session's servers run."""
    return rig.runtime


def test_test_runs_at_the_same_time_have_servers_of_their_own(described: Service, runtime: str, name: str) -> None:
    assert described.tool is not None
    with neighbours(3, f"{described.tool.name}@{described.version}", runtime) as several:
        assert len({each.url for each in several}) == 3
        assert len({each.directory for each in several}) == 3
        assert [run_ingest(each.url, name).returncode for each in several] == [0, 0, 0]
        first, second, third = several

        pipe(first.run.stdin).close()  # one ends as it should
        assert first.run.wait(30) == 0
        assert first.is_gone(within=0)
        assert not first.directory.exists()

        second.run.kill()  # one is killed, and cannot clean up
        assert second.is_gone(within=30)

        assert answers(third.url)  # the third does not care


def test_closing_twice_is_fine_and_leaves_nothing(described: Service, runtime: str) -> None:
    rig = Rig("closed-twice", runtime=runtime)
    store = rig.add(described)
    rig.start()
    pidfd, url, directory = os.pidfd_open(store.pid), store.url, rig.directory
    assert answers(url)
    assert directory.is_dir()
    rig.close()
    rig.close()
    assert select.select([pidfd], [], [], 0)[0]  # it has ended
    os.close(pidfd)
    assert not answers(url)
    assert not directory.exists()


def test_a_stopped_server_has_its_data_when_it_starts_again(rig: Rig, described: Service, name: str) -> None:
    store = rig.add(described)
    assert isinstance(store, Store)
    rig.start()
    store.write(name, 1, at=1_704_067_230)
    store.stop()
    store.stop()
    assert not answers(store.url)
    store.start()
    assert store.query(name, at=1_704_067_230) == 1
