"""A storm of kills: what is killed, how and when follows from a seed; what is left is measured by what exists."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
STAGES = ("boot", "start", "use", "stop", "close")
TARGETS = ("test", "group", "controller", "worker", "janitor")
VICTIM = Path(__file__).parent / "storm_victim.py"
WORKER = "sys.stdin.readline()"
"""In the command of a worker of xdist."""
FAULTY_VICTIM = Path(__file__).parent / "faulty_victim.py"
"""In whose rigs everything is broken when it is hit."""
FAULTY_STAGES = ("start", "inflict", "use", "use", "use", "heal", "close")
FAULTY_TARGETS = ("test", "group", "janitor")
ENDS_WITHIN = 100.0
"""Seconds in which a run goes to its end of which only a part was killed."""

SUITE = """
import os, sys
import pytest
from metricrig import Service

def say(*words):
    with open("stages", "a") as file: file.write(" ".join(map(str, words)) + "\\n")

say("boot", os.getpid())

@pytest.fixture
def forking(rig):
    service = rig.add(Service(name="forking", command=["sh", "-c", "setsid sleep 1000 & exec sleep 1000"]))
    rig.start()
    return service

@pytest.mark.parametrize("number", range(8))
def test_all(number, redis, forking):
    say("use", os.getpid())
    forking.restart()
    say("stop", os.getpid())
    forking.stop()
    say("close", os.getpid())
"""


@dataclass(frozen=True)
class Kill:
    """One of a storm."""

    target: str
    number: signal.Signals
    stage: str
    delay: float
    victim: Path = VICTIM

    def __str__(self) -> str:
        return f"{self.number.name} to the {self.target} {self.delay * 1000:.0f} ms into {self.stage}"


def plan(seed: int, count: int) -> list[Kill]:
    """So many kills; every target and every stage has its share."""
    chance = random.Random(seed)
    return [
        Kill(
            TARGETS[number % len(TARGETS)],
            SIGNALS[number // len(TARGETS) % len(SIGNALS)],
            chance.choice(STAGES),
            chance.uniform(0, 0.1),
        )
        for number in range(count)
    ]


def plan_faulty(seed: int, count: int) -> list[Kill]:
    """So many kills of a test that has faults in force, most of them while all are."""
    chance = random.Random(seed)
    return [
        Kill(
            FAULTY_TARGETS[number % len(FAULTY_TARGETS)],
            SIGNALS[number // len(FAULTY_TARGETS) % len(SIGNALS)],
            FAULTY_STAGES[number % len(FAULTY_STAGES)],
            chance.uniform(0, 0.1),
            FAULTY_VICTIM,
        )
        for number in range(count)
    ]


def carry_out(kill: Kill, root: Path) -> float:
    """Carry it out; says how many seconds after the end of what was killed nothing of ours was left, or fails.

    A worker of xdist whose controller was killed goes to its own end, which takes Python a second or more: it has to
    come to that too, but that is not counted.
    """
    with _running(kill, root) as process:
        _await_stage(kill, root, process)
        time.sleep(kill.delay)
        _strike(kill, root, process)
        process.wait(ENDS_WITHIN)
        ended = last = time.monotonic()
        while left := remains(root):
            now = time.monotonic()
            if any(WORKER not in each for each in left):
                last = now
            assert now - ended < 30, f"{kill}: left after {now - ended:.0f} s: {left}\n{(root / 'said').read_text()}"
            time.sleep(0.01)
        return last - ended


def remains(root: Path) -> list[str]:
    """Processes with this root in their environment, or with a file below it; mounts and directories of rigs in it."""
    processes = [f"process {pid} {_read(pid, 'cmdline')!r}" for pid in _left_of(root)]
    mounts = [
        f"mount {line.split()[4]}" for line in _read("self", "mountinfo").decode().splitlines() if str(root) in line
    ]
    return processes + mounts + [str(path) for path in (root / "rigs").glob("metricrig-*/*")]


def _left_of(root: Path) -> list[int]:
    return [pid for pid in _pids() if _belongs(pid, str(root / "rigs"))]


@contextlib.contextmanager
def _running(kill: Kill, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The run that is going to be hit."""
    rigs = root / "rigs"
    rigs.mkdir(parents=True, mode=0o711)
    command = [sys.executable, str(kill.victim)]
    if kill.target in {"controller", "worker"}:
        (root / "test_storm.py").write_text(SUITE, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"]
    environment = {**os.environ, "METRICRIG_DATA": str(rigs)}
    with (root / "said").open("wb") as said, (root / "complaints").open("wb") as complaints:
        process = subprocess.Popen(
            command, cwd=root, env=environment, stdout=said, stderr=complaints, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for pid in _left_of(root):  # only after a failure
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(root, ignore_errors=True)


def _lines(kill: Kill, root: Path) -> list[list[str]]:
    path = root / ("stages" if kill.target in {"controller", "worker"} else "said")
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def _await_stage(kill: Kill, root: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until it says that the stage begins. The suite's servers start as soon as it has been read."""
    stage = "boot" if kill.stage == "start" and kill.target in {"controller", "worker"} else kill.stage
    if kill.target == "janitor":
        stage = "janitor" if kill.stage == "boot" else kill.stage
    end = time.monotonic() + ENDS_WITHIN
    while stage not in [line[0] for line in _lines(kill, root)]:
        complaints = (root / "complaints").read_text()
        assert process.poll() is None, f"{kill}: it ended before that: {(root / 'said').read_text()}{complaints}"
        assert time.monotonic() < end, f"{kill}: it never came to that"
        time.sleep(0.001)


def _strike(kill: Kill, root: Path, process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        if kill.target == "group":
            os.killpg(process.pid, kill.number)
        elif kill.target == "worker":
            os.kill(int(_lines(kill, root)[-1][1]), kill.number)
        elif kill.target == "janitor":
            os.kill(next(int(line[1]) for line in _lines(kill, root) if line[0] == "janitor"), kill.number)
            if kill.number != signal.SIGKILL:  # it does not mind: its owner's end is what counts
                process.kill()
        else:
            process.send_signal(kill.number)


def _belongs(pid: int, below: str) -> bool:
    if f"METRICRIG_DATA={below}\0".encode() in _read(pid, "environ"):
        return True
    links = [f"/proc/{pid}/{each}" for each in ("fd/1", "fd/2", "cwd")]
    return any(_target(link).startswith(below) for link in links)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read(pid: int | str, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()  # of a zombie it is empty
    except OSError:
        return b""


def _target(link: str) -> str:
    try:
        return str(Path(link).readlink())
    except OSError:
        return ""
