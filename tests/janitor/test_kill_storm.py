"""Whatever is killed, however and whenever: nothing of ours is left. ``make storm`` has three hundred kills of it."""

from __future__ import annotations

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support import storm

KILLS = int(os.environ.get("STORM_KILLS", "30"))
SEED = int(os.environ.get("STORM_SEED", "20240101"))
AT_ONCE = 3


def one(kill: storm.Kill, root: Path) -> float:
    """Carry one out, and tell: three hundred take long."""
    seconds = storm.carry_out(kill, root)
    print(f"{seconds:6.2f} s: {kill}", flush=True)
    return seconds


@pytest.mark.timeout(300 + KILLS * 20)
def test_a_storm_of_kills_leaves_nothing() -> None:
    root = Path("/dev/shm") / f"storm-{uuid.uuid4().hex[:8]}"  # passable for whoever the services run as
    root.mkdir(mode=0o711)
    kills = storm.plan(SEED, KILLS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(one, kill, root / str(number)) for number, kill in enumerate(kills)]
    failed = [str(each.exception()) for each in running if each.exception()]
    clean = [(each.result(), str(kill)) for kill, each in zip(kills, running, strict=True) if not each.exception()]
    took = sorted(seconds for seconds, _ in clean)
    late = [f"{seconds:.1f} s: {kill}" for seconds, kill in clean if seconds > 3]
    median, last = (took[len(took) // 2], took[-1]) if took else (0, 0)
    print(f"{len(kills)} kills: {len(failed)} left something; of the others all was gone {median:.2f} s after the")
    print(
        f"end in the median, {last:.2f} s after it at the latest, later than 3 s after it in {len(late)} cases", *late
    )
    assert not failed, "\n\n".join(failed)
    root.rmdir()


def test_a_storm_sees_what_is_left(tmp_path: Path) -> None:
    """A measure that finds nothing could be blind."""
    directory = tmp_path / "rigs" / "metricrig-0" / "left-1234"
    directory.mkdir(parents=True)
    assert storm.remains(tmp_path) == [str(directory)]
