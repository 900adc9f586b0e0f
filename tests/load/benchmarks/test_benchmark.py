"""What is said of rounds: ratios that are there are found, and chance is not taken for one."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from metricrig import UsageError, load
from metricrig.load.benchmarks.benchmark import Benchmark


def rounds(seed: int, **means: float) -> Benchmark:
    """Thirty rounds of each on a machine that gets slower and faster for all of them at once."""
    chance = random.Random(seed)
    moods = [chance.lognormvariate(0, 0.5) for _ in range(30)]
    times = {name: [mean * mood * chance.lognormvariate(0, 0.03) for mood in moods] for name, mean in means.items()}
    return Benchmark(times, dict.fromkeys(means, 1))


def test_rounds_are_compared_within_their_moment() -> None:
    """The machine's moods are ten times as large as the difference."""
    ratio = rounds(1, bare=0.010, ours=0.0115).ratio("ours")
    assert 1.0 < ratio.low < 1.15 < ratio.high < 1.3
    equal = [rounds(seed, bare=0.01, ours=0.01).ratio("ours") for seed in range(40)]
    assert sum(not each.low <= 1 <= each.high for each in equal) <= 6


def test_a_baseline_of_another_machine_is_compared_by_its_reference() -> None:
    before, now = rounds(1, bare=0.010, ours=0.012), rounds(2, bare=0.030, ours=0.036)
    assert now.against(before, "ours").value == pytest.approx(1, rel=0.1)
    assert now.against(before, "bare").value == pytest.approx(3, rel=0.6), "the reference itself has none"
    slower = rounds(3, bare=0.030, ours=0.054)
    assert slower.against(before, "ours").low > 1.3


def test_it_is_kept_in_a_file(tmp_path: Path) -> None:
    path, kept = tmp_path / "benchmarks" / "start.json", rounds(1, bare=0.01, ours=0.012)
    kept.save(path)
    assert rounds(1, bare=0.01, ours=0.012).against(path, "ours").value == 1
    entries = json.loads(path.read_text())["benchmarks"]
    assert [each["name"] for each in entries] == ["benchmark[bare]", "benchmark[ours]"]
    assert entries[0]["stats"]["median"] == kept.median("bare")
    assert entries[0]["stats"]["rounds"] == 30


@pytest.mark.parametrize("content", ["", "[]", '{"benchmarks": []}', '{"benchmarks": [{"group": "a"}]}'])
def test_a_file_that_is_no_baseline_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(content)
    with pytest.raises(UsageError, match="no file of benchmarks"):
        rounds(1, bare=0.01).against(path, "bare")
    with pytest.raises(UsageError, match="there is no baseline"):
        rounds(1, bare=0.01).against(tmp_path / "other.json", "bare")


def test_calls_take_turns_after_a_warm_up() -> None:
    order: list[str] = []

    def call(name: str) -> None:
        order.append(name)
        time.sleep(0.011)

    timed = load.benchmark({"a": lambda: call("a"), "b": lambda: call("b")}, rounds=5, warm_up=2)
    assert "".join(order[-14:]) == "ab" * 7
    assert [len(each) for each in timed.times.values()] == [5, 5]
    assert timed.sizes == {"a": 1, "b": 1}
    assert timed.median("a") >= 0.011


def test_fast_calls_are_made_often_in_a_round() -> None:
    timed = load.benchmark({"nothing": lambda: None}, rounds=5)
    assert timed.sizes["nothing"] > 1000
    assert timed.median("nothing") < 0.001


async def awaited() -> None: ...


@pytest.mark.parametrize(
    ("calls", "options"),
    [({}, {}), ({"a": 3}, {}), ({"a": awaited}, {}), ({"a": print}, {"rounds": 4}), ({"a": print}, {"rounds": -1})],
)
def test_what_is_no_benchmark_is_refused(calls: Any, options: Any) -> None:
    with pytest.raises(UsageError):
        load.benchmark(calls, **options)


def test_it_is_drawn() -> None:
    timed = rounds(1, bare=4e-9, **{"<ours> | theirs": 6e-9})
    assert timed.table().splitlines()[2].startswith("| bare | ")
    assert "| <ours> \\| theirs | " in timed.table()
    assert "ns" in timed.table()
    assert "&lt;ours&gt;" in timed.svg()
    assert timed.svg().startswith("<svg ")
    with pytest.raises(UsageError, match="one of bare"):
        timed.ratio("other")
