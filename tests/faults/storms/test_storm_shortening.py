"""Shortening a plan to the part that fails."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricrig import UsageError
from metricrig.faults.storms.duration_range import DurationRange
from metricrig.faults.storms.storm_chance import Chances, plan_of_seed
from metricrig.faults.storms.storm_plan import PlannedFault, StormPlan
from metricrig.faults.storms.storm_shortening import shortened

NAMES = ("a: cut", "b: paused", "c: killed", "d: slow")
PLAN = plan_of_seed(11, Chances(NAMES, DurationRange(0.5, 1), DurationRange(0.2, 2), at_most=3, seconds=30))


def kinds(plan: StormPlan) -> list[str]:
    return [each.fault for each in plan.planned]


def test_one_fault_among_many_is_found() -> None:
    tried = []

    def fails(plan: StormPlan) -> bool:
        tried.append(plan)
        return "c: killed" in kinds(plan)

    short = shortened(PLAN, fails)
    (culprit,) = short.planned
    assert culprit == PlannedFault("c: killed", 0, culprit.lasting)
    assert short.seconds == culprit.until
    assert len(tried) == len(set(tried)) < 30


def test_two_that_fail_only_while_both_are_in_force_stay_together() -> None:
    plan = StormPlan(
        (PlannedFault("x: slow", 1, 1), PlannedFault("a: cut", 5, 2), PlannedFault("b: paused", 6, 3)), 20, 2
    )

    def fails(plan: StormPlan) -> bool:
        cuts = [each for each in plan.planned if each.fault == "a: cut"]
        pauses = [each for each in plan.planned if each.fault == "b: paused"]
        return any(one.at < other.until and other.at < one.until for one in cuts for other in pauses)

    short = shortened(plan, fails)
    assert short.planned == (PlannedFault("a: cut", 0, 2), PlannedFault("b: paused", 1, 3))
    assert short.seconds == 4


def test_pauses_that_matter_stay() -> None:
    def fails(plan: StormPlan) -> bool:
        return plan.planned[0].at >= 2 and len(plan.planned) >= 2

    short = shortened(StormPlan((PlannedFault("a: cut", 3, 1), PlannedFault("b: paused", 9, 1)), 30, 2), fails)
    assert [each.at for each in short.planned] == [3, 9]
    assert short.seconds == 10


@settings(deadline=None)
@given(needed=st.sets(st.integers(0, len(PLAN.planned) - 1), min_size=1, max_size=4))
def test_what_is_needed_is_all_that_is_left(needed: set[int]) -> None:
    wanted = {PLAN.planned[number].lasting for number in needed}
    short = shortened(PLAN, lambda plan: wanted <= {each.lasting for each in plan.planned}, tries=2000)
    assert {each.lasting for each in short.planned} == wanted
    assert len(short.planned) == len(wanted)


def test_a_plan_that_does_not_fail_cannot_be_shortened() -> None:
    with pytest.raises(UsageError, match="this plan does not fail, so there is nothing to shorten"):
        shortened(PLAN, lambda _: False)


def test_after_so_many_tries_the_shortest_so_far_is_it() -> None:
    tried = []

    def fails(plan: StormPlan) -> bool:
        tried.append(plan)
        return "c: killed" in kinds(plan)

    short = shortened(PLAN, fails, tries=3)
    assert len(tried) == 3
    assert fails(short)
    assert len(short.planned) < len(PLAN.planned)
