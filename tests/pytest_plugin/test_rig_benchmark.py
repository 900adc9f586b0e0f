"""The fixture ``rig_benchmark``: what fails, what does not, and what is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.suites import Suite

if TYPE_CHECKING:
    from pathlib import Path

    from support.suites import Runs

SLEEPS = """
    import time

    def bare(): time.sleep(0.01)

    def ours(): time.sleep(0.4)
"""
LIMITED = f"""{SLEEPS}
    def test_slow(rig_benchmark):
        rig_benchmark({{"bare": bare, "ours": ours}}, at_most=1.5, rounds=5, warm_up=0)

    def test_fine(rig_benchmark):
        timed = rig_benchmark({{"bare": bare, "ours": ours}}, at_most=1000, rounds=5, warm_up=0)
        assert timed.ratio("ours").high < 1000

    def test_without_a_limit(rig_benchmark):
        assert rig_benchmark({{"ours": ours}}, rounds=5, warm_up=0).median("ours") >= 0.4
"""
KEPT = f"""{SLEEPS}
    import os

    def test_kept(rig_benchmark):
        calls = {{"bare": bare, "ours": bare if os.environ.get("QUICK") else ours}}
        rig_benchmark(calls, at_most=3, baseline="kept/start.json", rounds=5, warm_up=0)
"""


def test_a_limit_that_is_exceeded_beyond_doubt_fails(run: Runs) -> None:
    ran = run(test_it=LIMITED)
    assert ran.outcomes() == {"test_slow": "failed", "test_fine": "passed", "test_without_a_limit": "passed"}
    why = ran.why("test_slow")
    assert "ours takes " in why
    assert "times as long as bare, and 1.5 is the limit" in why
    assert "| call | median |" in why


def test_a_baseline_is_written_when_that_is_asked_for_and_compared_with_otherwise(tmp_path: Path) -> None:
    def kept(*words: str, **env: str) -> str:
        return Suite(files={"test_it": KEPT}, words=words, env=env).run(tmp_path).out

    assert "pytest --rig-benchmark-save" in kept()
    assert "1 passed" in kept("--rig-benchmark-save", QUICK="1")
    assert (tmp_path / "kept" / "start.json").exists()
    assert "1 passed" in kept(QUICK="1")
    why = kept()
    assert "ours takes " in why
    assert "in start.json, and 3 is the limit" in why


def test_all_times_are_written_for_other_tools(tmp_path: Path) -> None:
    suite = Suite(files={"test_it": LIMITED}, words=("--rig-benchmark-json", "all.json"))
    suite.run(tmp_path)
    written = json.loads((tmp_path / "all.json").read_text())["benchmarks"]
    assert [each["fullname"] for each in written] == [
        "test_it.py::test_slow[bare]",
        "test_it.py::test_slow[ours]",
        "test_it.py::test_fine[bare]",
        "test_it.py::test_fine[ours]",
        "test_it.py::test_without_a_limit[ours]",
    ]
    assert all(len(each["stats"]["data"]) == each["stats"]["rounds"] == 5 for each in written)
