"""A generator that could not keep up says so, and why; one that could is not accused."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from metricrig.load.judgement import GeneratorFigures, reasons_against

GOOD = GeneratorFigures(calls=1000, lag_p99=0.001, lag=0.001, latency_p99=0.020, lag_allowed=None, elapsed=10, users=8)


def reason(**different: object) -> str:
    (found,) = reasons_against(replace(GOOD, **different))  # type: ignore[arg-type]
    return found


def test_a_generator_that_kept_up_is_valid() -> None:
    assert reasons_against(GOOD) == ()


@pytest.mark.parametrize(
    ("lag", "latency", "allowed", "valid"),
    [
        (0.002, 0.0005, None, True),  # what any machine may do
        (0.0021, 0.0005, None, False),
        (0.010, 0.050, None, True),  # a fifth
        (0.011, 0.050, None, False),
        (0.400, 2.0, None, True),
        (0.011, 0.050, 0.020, True),  # what was said counts
        (0.021, 2.0, 0.020, False),
    ],
)
def test_a_lag_counts_in_proportion_to_the_latency(
    lag: float, latency: float, allowed: float | None, *, valid: bool
) -> None:
    found = reasons_against(replace(GOOD, lag=lag, latency_p99=latency, lag_allowed=allowed))
    assert (found == ()) is valid


def test_the_cause_is_named() -> None:
    assert "others had the processors" in reason(lag=1.0, starved=5.0)
    assert reason(lag=1.0, cpu=9.7).endswith("took 97% of a processor, as much as Python can")
    assert reason(lag=1.0, cpu=9.7, workers=1).endswith("as much as Python can; more processes are workers=2")
    assert reason(lag=1.0, cpu=9.7, workers=3).endswith("workers=6")
    assert "users=32" in reason(lag=1.0, all_busy=True)


def test_a_schedule_that_was_missed_is_invalid() -> None:
    assert reasons_against(replace(GOOD, missed=10)) == ()
    assert "200 of 1200 calls were due and never began" in reason(missed=200)


def test_no_calls_are_no_good_result() -> None:
    assert "no calls" in reason(calls=0, lag=0.0)


def test_an_early_end_is_told() -> None:
    assert "shop died" in reason(ended_early="shop died, killed by SIGKILL")


STARVED = """
import asyncio, os, sys
from metricrig import load

parent = os.getpid()
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
busy = []
for _ in range(6):
    busy.append(os.fork())
    while not busy[-1] and os.getppid() == parent:
        pass
    if not busy[-1]:
        os._exit(0)

async def call():
    await asyncio.sleep(0.001)

run = load.closed_loop(call, users=4, for_="2s") if sys.argv[1:] else load.open_loop(call, rate=200, for_="2s")
for each in busy:
    os.kill(each, 9)
try:
    print("a slow server?", run.p99)
except load.InvalidRun as invalid:
    print(invalid)
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin a process")
@pytest.mark.parametrize("arguments", [[], ["closed"]], ids=["open", "closed"])
def test_a_generator_beside_busy_loops_is_invalid_and_no_slow_server(arguments: list[str]) -> None:
    command = [sys.executable, "-c", STARVED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "this run is invalid" in done.stdout
    assert "the generator itself was late" in done.stdout
    assert "others had the processors" in done.stdout
