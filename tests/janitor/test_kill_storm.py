"""Whatever is killed, however and whenever: nothing of ours is left. ``make storm`` has three hundred kills of it."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support import storm

KILLS = int(os.environ.get("STORM_KILLS", "30"))
SEED = int(os.environ.get("STORM_SEED", "20240101"))
FAULTY_KILLS = int(os.environ.get("STORM_FAULTY_KILLS", "20"))
AT_ONCE = 3
_LATE_SECONDS = 2.0


def one(kill: storm.Kill, root: Path) -> float:
    """Carry one out, and tell: three hundred take long."""
    seconds = storm.carry_out(kill, root)
    print(f"{seconds:6.2f} s: {kill}", flush=True)
    return seconds


@pytest.mark.timeout(300 + KILLS * 20)
def test_a_storm_of_kills_leaves_nothing() -> None:
    carry_out_all(storm.plan(SEED, KILLS))


def carry_out_all(kills: list[storm.Kill]) -> None:
    """A few at once, each below a directory of its own; whatever one of them leaves is a failure."""
    root = Path("/dev/shm") / f"storm-{uuid.uuid4().hex[:8]}"  # passable for whoever the services run as
    root.mkdir(mode=0o711)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(one, kill, root / str(number)) for number, kill in enumerate(kills)]
    failed = [str(each.exception()) for each in running if each.exception()]
    clean = [(each.result(), str(kill)) for kill, each in zip(kills, running, strict=True) if not each.exception()]
    took = sorted(seconds for seconds, _ in clean)
    late = [f"{seconds:.1f} s: {kill}" for seconds, kill in clean if seconds > _LATE_SECONDS]
    median, last = (took[len(took) // 2], took[-1]) if took else (0, 0)
    print(f"{len(kills)} kills: {len(failed)} left something; of the others all was gone {median:.2f} s after the end")
    print(
        f"in the median, {last:.2f} s after it at the latest, in {len(late)} cases later than {_LATE_SECONDS:g} s",
        *late,
    )
    assert not failed, "\n\n".join(failed)
    root.rmdir()


@pytest.mark.timeout(300 + FAULTY_KILLS * 20)
def test_kills_of_a_test_with_faults_in_force_leave_nothing() -> None:
    """No relay, no mount, nothing that is stopped, slowed or limited: whoever did it, and whoever it was done to."""
    carry_out_all(storm.plan_faulty(SEED, FAULTY_KILLS))


def test_a_storm_sees_what_is_left(tmp_path: Path) -> None:
    """A measure that finds nothing could be blind."""
    directory = tmp_path / "rigs" / "metricrig-0" / "left-1234"
    directory.mkdir(parents=True)
    assert storm.remains(tmp_path) == [str(directory)]


def test_a_storm_sees_what_is_stopped_and_what_is_mounted(tmp_path: Path) -> None:
    """The same for what faults make."""
    directory = tmp_path / "rigs" / "disk"
    directory.mkdir(parents=True)
    with subprocess.Popen(["sleep", "1000"], cwd=directory) as stopped:
        stopped.send_signal(signal.SIGSTOP)
        assert [each.split()[:2] for each in storm.remains(tmp_path)] == [["process", str(stopped.pid)]]
        stopped.kill()
    if os.geteuid() == 0:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", directory], check=True)
        try:
            assert storm.remains(tmp_path) == [f"mount {directory}"]
        finally:
            subprocess.run(["umount", directory], check=True)
