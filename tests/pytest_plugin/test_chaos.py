"""Seeds of chance: each test has its own, a failure tells it, and the same is had again with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.sessions import XDIST
from support.suites import Suite

if TYPE_CHECKING:
    from support.suites import Ran, Runs

SUITE = """
    import pytest
    from support.lamps import Lamp

    def storm(rig, **chances):
        lamp = Lamp("lamp", rig._faults, [])
        return rig.storm(faults=[lamp.dark, lamp.red], every="1ms…9ms", lasting="1ms…2ms", for_="30ms", **chances)

    @pytest.mark.parametrize("turn", [1, 2])
    def test_fails(rig, turn):
        storm(rig).run()
        storm(rig).while_(lambda: False).run()

    def test_fails_otherwise(rig):
        storm(rig).run()
        assert False

    def test_has_chosen(rig):
        storm(rig, seed=3).run()
        assert False

    def test_passes(rig, rig_chaos_seed, record_property):
        assert storm(rig).plan.seed == rig_chaos_seed
        storm(rig).run()

    def test_has_none(rig):
        assert False
"""
SEED = re.compile(r"--rig-chaos-seed=(\d+)")
TITLE = "storms of this test"


@pytest.fixture(scope="module")
def ran(run: Runs) -> Ran:
    return run(test_it=SUITE)


def seeds_of_storms(ran: Ran, test: str) -> list[str]:
    return re.findall(r"storm of seed (\d+)", ran.sections(test)[TITLE])


def test_a_failure_tells_of_its_storms_and_how_to_have_them_again(ran: Ran) -> None:
    text = ran.sections("test_fails_otherwise")[TITLE]
    assert re.match(
        r"storm of seed \d+: \d+ faults in 0\.03 s, at most 2 at once\n    0\.00\d s  lamp: (dark|red), for", text
    )
    assert "again: pytest --rig-chaos-seed=" in text
    assert text.endswith("test_it.py::test_fails_otherwise'")


def test_a_test_that_had_none_tells_of_none(ran: Ran) -> None:
    """Nor of those of the test before it."""
    assert TITLE not in ran.sections("test_has_none")


def test_each_test_and_each_storm_of_it_has_a_seed_of_its_own(ran: Ran) -> None:
    tests = ["test_fails[1]", "test_fails[2]", "test_fails_otherwise"]
    seeds = [seed for test in tests for seed in seeds_of_storms(ran, test)]
    assert len(set(seeds)) == len(seeds) == 5


def test_a_test_that_has_chosen_itself_is_not_told_of_another_seed(ran: Ran) -> None:
    assert seeds_of_storms(ran, "test_has_chosen") == ["3"]
    assert "again" not in ran.sections("test_has_chosen")[TITLE]


def test_the_same_seed_is_the_same_storms(ran: Ran, run: Runs) -> None:
    found = SEED.search(ran.sections("test_fails[2]")[TITLE])
    assert found is not None
    again = run(found[0], "-k", "test_fails[2] or test_passes", test_it=SUITE)
    assert again.sections("test_fails[2]")[TITLE] == ran.sections("test_fails[2]")[TITLE]
    assert again.outcomes()["test_passes"] == "passed"


def test_another_session_has_other_seeds(ran: Ran, run: Runs) -> None:
    other = run("-k", "test_fails", test_it=SUITE)
    assert seeds_of_storms(other, "test_fails[1]") != seeds_of_storms(ran, "test_fails[1]")


def test_the_workers_of_a_parallel_run_have_one_seed(run: Runs) -> None:
    ran = run.suite(Suite(files={"test_it": SUITE}, words=("-n2", "-k", "test_fails"), plugins=(XDIST,)))
    seeds = {SEED.findall(ran.sections(test)[TITLE])[0] for test in ("test_fails[1]", "test_fails[2]")}
    assert len(seeds) == 1
    assert f"chance was of seed {seeds.pop()}" in ran.out


def test_the_header_and_the_summary_say_it_where_it_was_used(ran: Ran, run: Runs) -> None:
    assert "rig-chaos-seed" not in ran.out.partition("collected")[0]
    assert sum("chance was of seed" in line for line in ran.summary()) == 1
    chosen = run("--rig-chaos-seed=7", test_it="def test_nothing(): pass")
    assert "metricrig: --rig-chaos-seed=7" in chosen.out
    assert "chance" not in chosen.out
    given = run("-k", "test_passes", env={"METRICRIG_CHAOS_SEED": "9"}, test_it=SUITE)
    assert any("--rig-chaos-seed=9" in line for line in given.summary())


def test_a_seed_is_a_number(run: Runs) -> None:
    ran = run("--rig-chaos-seed=seven", test_it="def test_nothing(): pass")
    assert "rig_chaos_seed is a whole number from 0 on, not 'seven'" in ran.out
    assert ran.status == 4
