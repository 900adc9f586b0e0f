"""What running a command beside a service costs over running it oneself. For information: there is no target."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from bench.finding import Report, compare
from bench.rounds import interleave
from metricrig import Rig
from metricrig.services import Redis

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 100


def run(scale: float) -> Report:
    """``true``, both ways, with its output captured."""
    with Rig("bench") as rig:
        redis = rig.add(Redis())
        rig.start()
        contenders = {
            "subprocess.run": lambda: _timed(lambda: subprocess.run(["true"], check=True, capture_output=True)),
            "instance.run": lambda: _timed(lambda: redis.run(["true"])),
        }
        timings = interleave(contenders, max(10, round(ROUNDS * scale)))
    return Report(compare("run ['true']", timings, base="subprocess.run", targets={}))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
