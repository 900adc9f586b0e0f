"""Whatever ends a run, ends it soon, with what was measured so far."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Awaitable
from typing import Any

import pytest
from support.waiting import eventually

from metricrig import UsageError, events, load

INTERRUPTED = """
import asyncio, os, signal, sys, threading, time
from metricrig import load

signal.signal(signal.SIGINT, signal.default_int_handler)
calls = 0

def interrupt():
    global calls
    calls += 1
    if calls == (50 if sys.argv[1] != "blocking" else 40):
        os.kill(os.getpid(), signal.SIGINT)
    return 600 if calls == 40 else 0  # and one that is still under way

def plain():
    time.sleep(interrupt())

async def awaited():
    await asyncio.sleep(interrupt())

async def blocking():
    time.sleep(interrupt())

try:
    load.open_loop({"plain": plain, "awaited": awaited, "blocking": blocking}[sys.argv[1]], rate=200, for_="600s")
except KeyboardInterrupt as interrupted:
    run = interrupted.run
    print(run.measured.calls, run.measured.failed, run.reasons)
"""


@pytest.mark.parametrize("kind", ["plain", "awaited", "blocking"])
def test_an_interrupt_ends_a_run_with_what_was_measured(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, kind], capture_output=True, text=True, check=True, timeout=120
    )
    calls, failed, *why = done.stdout.split(maxsplit=2)
    assert int(calls) >= 39
    assert int(failed) >= 1
    assert "interrupted by KeyboardInterrupt" in why[0]


DYING = """
import os, signal
from metricrig import Rig, Service, load

with Rig("test") as rig:
    shop = rig.add(Service(name="shop", command=["sleep", "600"]))
    rig.start()
    calls = iter(range(1_000_000))

    def call():
        if next(calls) == 20:
            os.kill(shop.pid, signal.SIGKILL)

    run = load.open_loop(call, rate=100, for_="600s")
assert run.measured.calls > 20 and run.measured.failed == 0, run
try:
    run.failed
except load.InvalidRun as invalid:
    print(invalid)
"""


def test_the_death_of_a_server_ends_a_run() -> None:
    done = subprocess.run([sys.executable, "-c", DYING], capture_output=True, text=True, check=True, timeout=120)
    assert "it ended before its time: shop died, was killed by SIGKILL" in done.stdout


def test_a_block_that_fails_ends_its_load_and_keeps_its_error() -> None:
    with (
        pytest.raises(ValueError, match="the test's own"),
        load.background(lambda: time.sleep(600), rate=50) as traffic,
    ):
        raise ValueError("the test's own")
    assert not traffic.running
    assert "ended with an error" in str(traffic)


async def nothing() -> None: ...


def never_awaited() -> Awaitable[None]:
    return nothing()


def fail_when_over(traffic: load.Run) -> None:
    eventually(lambda: not traffic.running)
    raise ValueError("the test's own")


def test_a_generator_that_fails_does_not_hide_why_its_block_did() -> None:
    with pytest.raises(ValueError, match="the test's own"), load.background(never_awaited, rate=1000) as traffic:
        fail_when_over(traffic)
    with pytest.raises(UsageError, match="nobody awaits"), load.background(never_awaited, rate=1000) as traffic:
        eventually(lambda: not traffic.running)


def test_a_run_is_told_as_events() -> None:
    told: list[Any] = []
    with events.everything.listening(told.append):
        run = load.open_loop(lambda: None, rate=50, for_="2500ms")
    assert [type(each) for each in told] == [
        events.LoadBegan,
        *[events.LoadProgressed] * (len(told) - 2),
        events.LoadEnded,
    ]
    first, last = told[1], told[-2]
    assert 0 < first.calls <= last.calls <= 125
    assert first.failed == 0
    assert 0 <= first.p50 <= first.p99
    assert told[0].sentence == "<lambda> at 50/s for 2.5 s"
    assert told[-1].reasons == run.reasons
    assert "125 calls" in told[-1].summary
