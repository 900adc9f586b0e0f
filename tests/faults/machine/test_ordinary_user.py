"""What an ordinary user can do to his services, proven by one; and what is left when his tests are killed: nothing."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import fault_victim
from support.another_user import STRANGER, only_root, start_as_stranger
from support.waiting import eventually

import metricrig
from metricrig._core import mounts
from metricrig.janitor import found_rigs
from metricrig.janitor.process_tree import mark_of, writes_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[[str, str, Path], subprocess.Popen[str]]

PROGRAM = f"""
import os, runpy, sys
place, paths, name, fault = sys.argv[1:]
os.environ.update(HOME=place, METRICRIG_DATA=place, METRICRIG_CACHE=place + "/cache")
sys.path[:0] = paths.split(":")
sys.argv[1:] = [name, fault]
runpy.run_path({fault_victim.__file__!r}, run_name="__main__")
"""
PATHS = [str(Path(fault_victim.__file__).parents[1]), str(Path(metricrig.__file__).parents[1]), *site.getsitepackages()]


@pytest.fixture
def place() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="faults-"))
    made.chmod(0o1777)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def as_ourselves(name: str, fault: str, place: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "METRICRIG_DATA": str(place), "PYTHONPATH": PATHS[0]}
    words = [sys.executable, fault_victim.__file__, name, fault]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)


def as_somebody_else(name: str, fault: str, place: Path, uid: int = STRANGER) -> subprocess.Popen[str]:
    for each in PATHS:
        if not all(up.stat().st_mode & 0o005 == 0o005 for up in Path(each).parents if up.exists()):
            pytest.skip(f"{each} is closed to other users, and so is what is tested")
    return start_as_stranger(PROGRAM, str(place), ":".join(PATHS), name, fault, uid=uid)


def left(name: str, place: Path) -> list[str]:
    """Processes, directories, mounts and control groups of this rig."""
    pids = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    found = [f"process {pid}" for pid in pids if mark_of(pid).startswith(f"{name}-") or writes_below(pid, f"{place}/")]
    found += [f"mount {each}" for each in mounts._mount_points() if name in each]
    groups = os.walk("/sys/fs/cgroup")  # which minds none that goes meanwhile
    ours = [each for _, below, _ in groups for each in below if each.startswith(f"metricrig-{name}")]
    found += [f"control group {each}" for each in ours]
    return found + [str(each) for each in place.glob("metricrig-*/*")]


@pytest.fixture
def name() -> str:
    return f"victim{uuid.uuid4().hex[:8]}"


@only_root
def test_an_ordinary_user_has_all_of_it(place: Path, name: str) -> None:
    process = as_somebody_else(name, "whole", place, pwd.getpwnam("nobody").pw_uid)  # initdb wants a name
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    found_again, proofs, rest = said.splitlines()
    assert (found_again, rest) == ("True", "still there")
    found = json.loads(proofs)
    assert len(found) == 2 * (len(fault_victim.FAULTS) + 1) - 1
    assert "No space left on device" in found["postgresql disk full"][0]
    assert "Read-only file system" in found["redis disk read-only"][0]
    assert all("ready" in healed for _, healed in found.values())
    assert eventually(lambda: not left(name, place))


@pytest.mark.parametrize("start", [as_ourselves, pytest.param(as_somebody_else, marks=only_root)])
@pytest.mark.parametrize("fault", fault_victim.FAULTS)
def test_nothing_is_left_of_a_killed_test(start: Start, fault: str, place: Path, name: str) -> None:
    process = start(name, fault, place)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("in force"), process.communicate()
        assert [each for each in left(name, place) if each.startswith("process")]
    finally:
        process.kill()
        process.communicate()
    eventually(lambda: not left(name, place))


@only_root
@pytest.mark.parametrize("fault", ["paused", "disk_full", "little_cpu"])
def test_nothing_is_left_of_a_killed_test_with_containers(
    container_engine: str, fault: str, place: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICRIG_RUNTIME", "docker")
    process = as_ourselves(name, fault, place)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("in force"), process.communicate()
        assert mounted_for_anybody(name)
    finally:
        process.kill()
        process.communicate()
    eventually(lambda: not left(name, place) and not mounted_for_anybody(name))


def mounted_for_anybody(name: str) -> list[str]:
    """Processes that see something of this rig mounted: its containers, and their engine."""
    found = []
    for each in Path("/proc").glob("[0-9]*/mountinfo"):
        with contextlib.suppress(OSError):
            found += [str(each)] if name in each.read_text(errors="replace") else []
    return found


def test_what_a_killed_janitor_leaves_is_reaped(place: Path, name: str) -> None:
    process = as_ourselves(name, "disk_full", place)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("in force")
    (directory,) = place.glob("metricrig-*/victim*")
    (janitor,) = [pid for pid in _children(process.pid) if b"boot.py" in _command(pid)]
    os.kill(janitor, signal.SIGKILL)
    process.kill()
    process.communicate()
    eventually(lambda: found_rigs.read(directory).state in found_rigs.REAPABLE)
    assert found_rigs.reap(found_rigs.read(directory)).failure is None
    eventually(lambda: not left(name, place))


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
