"""The oldest pytest that is supported; the suite itself runs on the newest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.sessions import Project

OLDEST = {"pytest": "7.4.0", "pluggy": "1.2.0", "pytest-xdist": "3.3.1"}
SUITE = """
import os, socket, time, pytest
from metricrig.pytest import service
from metricrig.services import Redis

cache = service(Redis(name="cache"), scope="module")
either = service(Redis(name="one"), Redis(name="other"))

def test_isolated(victoriametrics):
    victoriametrics.write("x", 1.0, at=1_700_000_000)
    assert victoriametrics.query("x", at=1_700_000_000) == {"a": 3}

def test_killed(cache):
    os.kill(cache.pid, 9)
    time.sleep(30)

def test_fresh(cache, either, rig):
    rig.add(Redis())
    rig.start()
    for server in (cache, either):
        with socket.create_connection((server.host, server.port)) as connection:
            connection.sendall(b"PING\\r\\n")
            assert connection.recv(10) == b"+PONG\\r\\n"

@pytest.mark.needs("redis>=99")
def test_needs():
    pass
"""


@pytest.fixture(scope="session")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the oldest of everything, to be found before what is installed."""
    directory = tmp_path_factory.mktemp("oldest")
    wanted = [f"{name}=={version}" for name, version in OLDEST.items()]
    words = ["install", "-q", "--disable-pip-version-check", "--no-deps", "--target", str(directory), *wanted]
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"pip could not install {', '.join(wanted)}: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return directory


@pytest.mark.parametrize("words", [(), ("-n", "2")])
def test_the_oldest_supported_pytest_does_it_all(project: Project, oldest: Path, words: tuple[str, ...]) -> None:
    project.write(test_all=SUITE)
    said = project.run("-W", "error", *words, PYTHONPATH=str(oldest))
    assert said.counts == {"failed": 2, "passed": 2, "skipped": 1}, said.text
    assert "cache was killed by SIGKILL during this test" in said.text
    assert "unexpected  (): 1.0" in said.text
    assert "servers started" in said.text
    assert "no leaks" in said.text
