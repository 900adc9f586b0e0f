"""Plans that hypothesis chooses, and shortens."""

from __future__ import annotations

import sys

import pytest
from hypothesis import find, given, settings

from metricrig import Unavailable, UsageError
from metricrig.faults.storms.storm_plan import PlannedFault, StormPlan
from metricrig.faults.storms.storm_strategy import plans

NAMES = ["redis: paused", "cache: cut"]


@given(plan=plans(NAMES))
def test_they_are_plans_of_these_faults(plan: StormPlan) -> None:
    assert plan.planned
    assert set(plan.faults) <= set(NAMES)
    assert plan.seed is None


def test_what_fails_is_shortened() -> None:
    found = find(plans(NAMES), lambda plan: "cache: cut" in plan.faults, settings=settings(database=None))
    assert len(found.planned) <= 2
    assert found.planned[-1] == PlannedFault("cache: cut", found.planned[-1].at, 0.1)


def test_two_that_overlap_are_found() -> None:
    def overlap(plan: StormPlan) -> bool:
        return any(one.until > other.at for one, other in zip(plan.planned, plan.planned[1:], strict=False))

    found = find(plans(NAMES, lasting="0.1s…2s"), overlap, settings=settings(database=None))
    assert len(found.planned) == 2


@pytest.mark.parametrize("wrong", ["redis: paused", [], [3], ["paused"]])
def test_what_names_no_faults_is_refused(wrong: list[str]) -> None:
    with pytest.raises(UsageError, match='what works: names of faults: faults=\\["redis: paused"'):
        plans(wrong)


def test_without_hypothesis_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(Unavailable, match="pip install hypothesis"):
        plans(NAMES)
