"""What two runs differ in, and what is chance."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest

from metricrig import UsageError, load
from metricrig.load.calls import Calls
from metricrig.load.comparison import LoadComparison, TimedCalls


def timed(
    seed: int, *, slower: float = 1.0, number: int = 2000, memory: float = 0.0, failed: float = 0.0
) -> TimedCalls:
    """Calls of ten seconds; with ``memory`` a slow one is followed by slow ones."""
    chance, calls, mood = random.Random(seed), Calls(), 0.0
    for each in range(number):
        mood = memory * mood + chance.gauss(0, (1 - memory**2) ** 0.5)
        due = each * 10 / number
        calls.add(due, due, due + 0.01 * slower * 1.3**mood, int(chance.random() < failed))
    return TimedCalls(calls, 0.0, 10.0)


def test_a_difference_that_is_there_is_found() -> None:
    slower = LoadComparison(timed(1, slower=1.2), timed(2))
    for ratio in (slower.p50, slower.p90, slower.p99, slower.mean, slower.percentile(75)):
        assert 1 < ratio.low < 1.2 < ratio.high
        assert ratio.low <= ratio.value <= ratio.high
    assert slower.throughput.low <= 1 <= slower.throughput.high
    assert LoadComparison(timed(1, failed=0.2), timed(2)).throughput.high < 0.9


@pytest.mark.parametrize("memory", [0.0, 0.8])
def test_chance_is_seldom_taken_for_a_difference(memory: float) -> None:
    """Of equals one in twenty is called different, also where calls that follow one another are alike."""
    pairs = [LoadComparison(timed(n, memory=memory), timed(n + 500, memory=memory)).p50 for n in range(60)]
    wrong = [each for each in pairs if not each.low <= 1 <= each.high]
    assert len(wrong) <= 8, "more than that is chance once in a hundred"


def test_the_same_two_compare_alike_each_time() -> None:
    assert LoadComparison(timed(1), timed(2)).p99 == LoadComparison(timed(1), timed(2)).p99


def test_few_calls_are_not_compared() -> None:
    with pytest.raises(UsageError, match="99 calls"):
        LoadComparison(timed(1, number=99), timed(2))


def test_runs_compare() -> None:
    def slow() -> None:
        time.sleep(0.05)

    runs = [load.open_loop(call, rate=100, for_="1s", lag="60s") for call in (slow, time.monotonic)]
    compared = runs[0].against(runs[1])
    assert compared.p50.value > 1
    assert "times the p50, " in repr(compared)
    invalid = load.open_loop(slow, rate=100, for_="1s", lag=0)
    with pytest.raises(load.InvalidRun):
        runs[0].against(invalid)


def test_numpy_is_imported_by_those_who_compare() -> None:
    code = (
        "import sys; from metricrig import load; run = load.open_loop(lambda: None, rate=50, for_=0.1, lag=60)\n"
        "run.p99, run.series(0.1), str(run); assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
