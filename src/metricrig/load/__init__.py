"""Load: open and closed loops of calls, with honest latencies and a judgement of itself. Usable without a rig.

The names below are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metricrig.load.benchmarks.benchmark import Benchmark
    from metricrig.load.benchmarks.rounds import benchmark
    from metricrig.load.caller import weighted
    from metricrig.load.errors import InvalidRun, LoadInterrupted
    from metricrig.load.loops import background, closed_loop, open_loop
    from metricrig.load.rate import Rate, poisson, ramp, steps
    from metricrig.load.recorder import op
    from metricrig.load.requests.http_loop import http
    from metricrig.load.requests.request_call import request
    from metricrig.load.run import Run
    from metricrig.load.run_merge import merge

_HOMES = {
    "Benchmark": "benchmarks.benchmark",
    "InvalidRun": "errors",
    "LoadInterrupted": "errors",
    "Rate": "rate",
    "Run": "run",
    "background": "loops",
    "benchmark": "benchmarks.rounds",
    "closed_loop": "loops",
    "http": "requests.http_loop",
    "merge": "run_merge",
    "op": "recorder",
    "open_loop": "loops",
    "poisson": "rate",
    "ramp": "rate",
    "request": "requests.request_call",
    "steps": "rate",
    "weighted": "caller",
}

__all__ = [
    "Benchmark",
    "InvalidRun",
    "LoadInterrupted",
    "Rate",
    "Run",
    "background",
    "benchmark",
    "closed_loop",
    "http",
    "merge",
    "op",
    "open_loop",
    "poisson",
    "ramp",
    "request",
    "steps",
    "weighted",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
