"""Rounds of several calls in turn, A B A B: what the machine does meanwhile, it does to all of them."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

from metricrig._core.arguments import count, wrong
from metricrig.load.benchmarks.benchmark import Benchmark
from metricrig.load.caller import require_done

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ROUND_SECONDS = 0.01
"""A round takes at least so long: the clock and its own calls are then less than a thousandth of it."""
_FEWEST_ROUNDS = 5
"""With fewer there is nothing to draw from: an interval would be as wide as the guess."""


def benchmark(calls: Mapping[str, Callable[[], Any]], *, rounds: int = 30, warm_up: int = 2) -> Benchmark:
    """Time calls in turn. The first is the reference that the others are compared with.

    A round makes a call as often as takes 10 ms, once at least. The rounds of the warm-up are not counted.
    """
    if not calls or not all(callable(each) for each in calls.values()):
        raise wrong("load.benchmark", "calls", calls, 'functions by their names: {"bare": bare, "ours": ours}')
    if count("load.benchmark", "rounds", rounds) < _FEWEST_ROUNDS:
        raise wrong("load.benchmark", "rounds", rounds, f"at least {_FEWEST_ROUNDS}: rounds=30")
    times: dict[str, list[float]] = {name: [] for name in calls}
    sizes = {name: _size(call) for name, call in calls.items()}
    for number in range(count("load.benchmark", "warm_up", warm_up) + rounds):
        for name, call in calls.items():
            took = _timed(call, sizes[name])
            if number >= warm_up:
                times[name].append(took / sizes[name])
    return Benchmark(times, sizes)


def _size(call: Callable[[], Any]) -> int:
    """How many calls make a round."""
    require_done(call())
    size = 1
    while (took := _timed(call, size)) < _ROUND_SECONDS:
        size = max(size + 1, round(size * min(10.0, 1.2 * _ROUND_SECONDS / max(took, 1e-9))))
    return size


def _timed(call: Callable[[], Any], size: int) -> float:
    collecting = gc.isenabled()
    gc.disable()  # as timeit does: whose garbage it is that is collected in a round is chance
    try:
        began = time.perf_counter()
        for _ in range(size):
            call()
        return time.perf_counter() - began
    finally:
        if collecting:
            gc.enable()
