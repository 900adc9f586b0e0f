"""Four servers at once against the same four one after another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.finding import Report, Target, compare
from bench.rounds import interleave
from metricrig import Rig
from metricrig.services import VictoriaMetrics

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET = Target(0.75)
ROUNDS = 20
HOW_MANY = 4


def run(scale: float) -> Report:
    """Both, in rigs of their own."""
    contenders = {
        "one after another": lambda: _timed(_in_turn),
        "one rig.start()": lambda: _timed(Rig.start),
    }
    timings = interleave(contenders, max(3, round(ROUNDS * scale)))
    about = f"start {HOW_MANY} VictoriaMetrics"
    return Report(compare(about, timings, base="one after another", targets={"one rig.start()": TARGET}))


def _in_turn(rig: Rig) -> None:
    for instance in rig:
        instance.start()


def _timed(start: Callable[[Rig], object]) -> float:
    with Rig("bench") as rig:
        for number in range(HOW_MANY):
            rig.add(VictoriaMetrics(), name=f"vm-{number}")
        began = time.perf_counter()
        start(rig)
        return time.perf_counter() - began
