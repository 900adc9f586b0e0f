"""Nothing survives a test process, whatever kills it and whenever; and what is somebody else's is left alone."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.programs import sleeper
from support.waiting import eventually

from metricrig import Rig
from metricrig.janitor.process_tree import mark_of
from metricrig.services import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

VICTIM = Path(__file__).parent.parent / "support" / "victim.py"
SHARED_MEMORY = Path("/dev/shm")


@dataclass
class Victim:
    """A test process in a directory of its own."""

    name: str
    root: Path
    process: subprocess.Popen[str]

    def left(self) -> list[str]:
        """What is still there of it: processes, directories."""
        directories = [str(path) for path in self.root.glob("metricrig-*/*")]
        return [f"process {pid} {_command(pid)}" for pid in _all_pids() if self._is_ours(pid)] + directories

    def _is_ours(self, pid: int) -> bool:
        if mark_of(pid).startswith(f"{self.name}-"):
            return True
        links = [f"/proc/{pid}/{each}" for each in ("fd/1", "fd/2", "cwd")]
        return any(_target(link).startswith(str(self.root)) for link in links)


def start_victim(root: Path) -> Victim:
    name = f"victim{uuid.uuid4().hex[:8]}"
    environment = {**os.environ, "METRICRIG_DATA": str(root), "PYTHONPATH": str(VICTIM.parent.parent)}
    process = subprocess.Popen(
        [sys.executable, str(VICTIM), name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    return Victim(name, root, process)


def end(victim: Victim, number: signal.Signals) -> None:
    victim.process.send_signal(number)
    victim.process.communicate(timeout=100)


def await_line(victim: Victim, beginning: str) -> None:
    assert victim.process.stdout is not None
    seen = []
    for line in victim.process.stdout:
        seen.append(line)
        if line.startswith(beginning):
            return
    complaint = victim.process.communicate()[1]
    raise AssertionError(f"never said {beginning!r} but {seen} and {complaint}")


@pytest.fixture
def memory_root() -> Iterator[Path]:
    """A directory in memory, passable for the user that PostgreSQL runs as; every rig in it has to go."""
    root = SHARED_MEMORY / f"survival-{uuid.uuid4().hex[:8]}"
    root.mkdir(mode=0o711)
    before = _unused_segments(), _unused_files()
    yield root
    assert not list(root.rglob("metricrig-*/*"))
    eventually(lambda: not (_unused_segments() - before[0]))
    eventually(lambda: not (_unused_files() - before[1]))
    shutil.rmtree(root)


@pytest.mark.timeout(300)
def test_fifty_processes_killed_at_random_moments_leave_nothing(memory_root: Path) -> None:
    """At start, use and stop; a live rig beside them is untouched."""
    chance = random.Random(20240101)
    moments = [chance.uniform(0.0, 1.2) for _ in range(50)]

    def one(item: tuple[int, float]) -> float:
        number, moment = item
        root = memory_root / str(number)
        root.mkdir(mode=0o711)
        victim = start_victim(root)
        await_line(victim, "rig")
        with contextlib.suppress(subprocess.TimeoutExpired):
            victim.process.wait(moment)
        assert victim.process.poll() is None, victim.process.communicate()
        end(victim, signal.SIGKILL)
        died = time.monotonic()
        eventually(lambda: not victim.left())
        return time.monotonic() - died

    with Rig("bystander") as rig:
        redis, other = rig.add(Redis()), rig.add(sleeper())
        rig.start()
        pids = (redis.pid, other.pid)
        with ThreadPoolExecutor(3) as pool:
            took = list(pool.map(one, enumerate(moments)))
        print(f"gone after {max(took) * 1000:.0f} ms at the latest")
        assert (redis.pid, other.pid) == pids
        assert redis.run(["redis-cli", "-p", "{port}", "PING"]).out == "PONG\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT])
@pytest.mark.parametrize("stage", ["rig", "started", "used"])
def test_other_signals_leave_nothing_either(memory_root: Path, number: signal.Signals, stage: str) -> None:
    victim = start_victim(memory_root)
    await_line(victim, stage)
    end(victim, number)
    assert victim.process.returncode in {-number, 130, 1}
    eventually(lambda: not victim.left())


def test_a_process_that_forgets_to_close_leaves_nothing(memory_root: Path) -> None:
    """By the time it has ended, everything is gone: nobody has to wait."""
    code = (
        "from metricrig import Rig; from metricrig.services import Redis; r = Rig('forgot'); r.add(Redis()); r.start()"
    )
    environment = {**os.environ, "METRICRIG_DATA": str(memory_root)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=100)
    assert not list(memory_root.glob("metricrig-*/*"))


def test_a_forked_child_that_lives_on_does_not_keep_the_services_alive(memory_root: Path) -> None:
    """It holds a copy of the socket to the janitor; the end of the owner counts."""
    code = """
import os, time
from metricrig import Rig, Service
rig = Rig("forking"); s = rig.add(Service(name="s", command=["sleep", "1000"])); rig.start()
if os.fork() == 0:
    time.sleep(20); os._exit(0)
print(s.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    environment = {**os.environ, "METRICRIG_DATA": str(memory_root)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        try:
            eventually(lambda: not Path(f"/proc/{pid}").exists())
        finally:
            os.killpg(owner.pid, signal.SIGKILL)
    eventually(lambda: not list(memory_root.glob("metricrig-*/*")))


def test_paused_services_end_too(memory_root: Path) -> None:
    code = """
import os
from metricrig import Rig
from metricrig.services import PostgreSQL
rig = Rig("paused"); s = rig.add(PostgreSQL()); rig.start(); s.pause()
print(s.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    environment = {**os.environ, "METRICRIG_DATA": str(memory_root)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    pid = int(done.stdout)
    eventually(lambda: not Path(f"/proc/{pid}").exists())
    eventually(lambda: not list(memory_root.glob("metricrig-*/*")))


def _unused_files() -> set[str]:
    """PostgreSQL's files of shared memory that no process has: other people's servers have theirs."""
    files = {str(each) for each in SHARED_MEMORY.glob("PostgreSQL.*")}
    return {each for each in files if not any(each in _maps(pid) for pid in _all_pids())} if files else files


def _maps(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return ""


def _unused_segments() -> set[str]:
    """System V shared memory that nobody is attached to: what a killed PostgreSQL leaves."""
    lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
    return {line.split()[1] for line in lines if line.split()[6] == "0"}


def _all_pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and _alive(path)]


def _alive(path: Path) -> bool:
    try:
        return (path / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return "?"


def _target(link: str) -> str:
    try:
        return str(Path(link).readlink())
    except OSError:
        return ""
