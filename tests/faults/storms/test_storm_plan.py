"""The plan of a storm: what a seed leads to, for ever; its rules; what can be printed, saved and replayed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metricrig import UsageError
from metricrig.faults.storms.duration_range import DurationRange, range_of, seconds_of
from metricrig.faults.storms.storm_chance import Chances, Draw, plan_of_draws, plan_of_seed
from metricrig.faults.storms.storm_plan import MOST_FAULTS, PlannedFault, StormPlan, names_of, victim_of

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("cache: cut", "cache: slow", "redis: paused", "postgresql: killed")
USUAL = Chances(NAMES, DurationRange(1, 3), DurationRange(0.2, 2), at_most=2, seconds=30)


def test_a_seed_leads_to_the_same_plan_for_ever() -> None:
    """These numbers are a promise: a seed that somebody has noted means the same in every later version."""
    plan = plan_of_seed(7, replace_of(USUAL, seconds=8))
    assert str(plan).splitlines() == PINNED
    assert plan == plan_of_seed(7, replace_of(USUAL, seconds=8))
    assert plan.planned != plan_of_seed(8, replace_of(USUAL, seconds=8)).planned


PINNED = [
    "storm of seed 7: 5 faults in 8 s, at most 2 at once",
    "    1.648 s  cache: cut, for 1.372 s",
    "    2.793 s  postgresql: killed, for 0.858 s",
    "    3.909 s  redis: paused, for 0.267 s",
    "    5.776 s  cache: cut, for 0.363 s",
    "    7.625 s  postgresql: killed, for 0.375 s",
]


def replace_of(chances: Chances, **changes: float) -> Chances:
    return chances._replace(**changes)  # type: ignore[arg-type]


shares = st.floats(0, 1, exclude_max=True)
draws = st.lists(st.builds(Draw, shares, shares, shares), min_size=1, max_size=60)
milliseconds = st.integers(1, 5000).map(lambda number: number / 1000)
lengths = milliseconds.map(lambda more: round(5 + more * 10, 3))
ranges = st.tuples(milliseconds, milliseconds).map(lambda pair: DurationRange(min(pair), max(pair)))


@given(
    draws=draws,
    every=ranges,
    lasting=ranges,
    at_most=st.integers(1, 5),
    seconds=lengths,
)
def test_whatever_chance_draws_the_rules_are_kept(
    draws: list[Draw], every: DurationRange, lasting: DurationRange, at_most: int, seconds: float
) -> None:
    """That the plan can be made at all proves it: a plan that breaks them is refused."""
    plan = plan_of_draws(draws, Chances(NAMES, every, lasting, at_most, seconds))
    assert 1 <= len(plan.planned) <= len(draws)
    assert StormPlan.from_json(plan.as_json()) == plan
    for before, each in zip(plan.planned, plan.planned[1:], strict=False):
        assert each.at - before.at >= every.shortest - 0.001


def test_what_has_no_place_begins_as_soon_as_there_is_one() -> None:
    chances = Chances(NAMES[:1], DurationRange(1, 1), DurationRange(2, 2), at_most=3, seconds=7)
    plan = plan_of_draws([Draw(0, 0, 0)] * 9, chances)
    assert [(each.at, each.until) for each in plan.planned] == [(1, 3), (3, 5), (5, 7)]


def test_a_storm_that_chance_would_leave_empty_has_one_fault() -> None:
    """Else it would be green on the seeds that do nothing."""
    plan = plan_of_draws([Draw(0.99, 0, 0)], Chances(NAMES, DurationRange(1, 30), DurationRange(1, 1), 2, 2))
    assert plan.planned == (PlannedFault("cache: cut", 1, 1),)


def test_a_plan_is_saved_and_loaded(tmp_path: Path) -> None:
    plan = plan_of_seed(3, USUAL)
    assert StormPlan.load(plan.save(tmp_path / "plan.json")) == plan


@pytest.mark.parametrize(
    ("planned", "why"),
    [
        ([], "it has no fault, and would prove nothing"),
        ([("a: x", 2, 1), ("b: x", 1, 1)], "comes after one that begins later"),
        ([("a: x", 1, 9.5)], "does not lie in its 10 s"),
        ([("a: x", 1, 0)], "it takes a name and seconds"),
        ([("a: x", -1, 1)], "it takes a name and seconds"),
        ([("a: x", 1, 5), ("a: y", 2, 1)], "a has another fault then"),
        ([("a: x", 1, 5), ("b: y", 2, 3), ("c: y", 3, 1)], "2 are in force then, and 2 may be"),
        ([("a: x", number / 1e4, 1e-4) for number in range(MOST_FAULTS + 1)], "the most"),
    ],
)
def test_a_plan_that_breaks_the_rules_is_refused(planned: list[tuple[str, float, float]], why: str) -> None:
    with pytest.raises(UsageError, match=re.escape(why)):
        StormPlan(tuple(PlannedFault(*each) for each in planned), seconds=10, at_most=2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"planned": 3}',
        '{"planned": [{"fault": "a: x"}]}',
        '{"planned": [{"fault": "a: x", "at": "1", "lasting": 1}], "seconds": 3, "at_most": 1}',
        '{"planned": [{"fault": 7, "at": 1, "lasting": 1}], "seconds": 3, "at_most": 1}',
        '{"planned": [{"fault": "a: x", "at": 1, "lasting": 1}], "seconds": 3, "at_most": true}',
        '{"planned": [{"fault": "a: x", "at": 1, "lasting": 1}], "seconds": 3, "at_most": 1, "more": 1}',
        '{"planned": [{"fault": "a: x", "at": 1, "lasting": 1}], "seconds": 3, "at_most": 1, "seed": "7"}',
        '{"planned": [{"fault": "a: x", "at": 1' + "0" * 400 + ', "lasting": 1}], "seconds": 3, "at_most": 1}',
        '{"planned": [{"fault": "a: x", "at": NaN, "lasting": 1}], "seconds": Infinity, "at_most": 1}',
        "[" * 100_000,
    ],
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        StormPlan.from_json(text)


@pytest.mark.parametrize(
    ("given", "shortest", "longest"),
    [
        ("1s…3s", 1, 3),
        ("1s..3s", 1, 3),
        ("200ms ... 2s", 0.2, 2),
        ("1m30s", 90, 90),
        (2, 2, 2),
        (timedelta(seconds=3), 3, 3),
        (DurationRange(1, 2), 1, 2),
    ],
)
def test_ranges_are_read_as_people_write_them(given: object, shortest: float, longest: float) -> None:
    found = range_of("storm", "every", given)
    assert (found.shortest, found.longest) == (shortest, longest)


@pytest.mark.parametrize(
    "given", ["3s…1s", "1s…2s…3s", "1…3", "", "…", "s", "0s…1s", 0, -1, None, True, "9999h", [1, 2], float("nan")]
)
def test_what_is_no_range_is_refused_with_what_works(given: object) -> None:
    with pytest.raises(UsageError, match="what works: a range of durations: every="):
        range_of("storm", "every", given)


def test_what_is_no_duration_is_refused_with_what_works() -> None:
    with pytest.raises(UsageError, match='for_="30s"'):
        seconds_of("storm", "for_", "soon")


def test_names_differ_and_say_whose_they_are() -> None:
    names = names_of(["link: slow", "redis: paused", "link: slow"])
    assert names == ("link: slow", "redis: paused", "link: slow (2)")
    assert [victim_of(each) for each in names] == ["link", "redis", "link"]


def test_a_plan_with_fewer_faults_has_no_seed_that_leads_to_it() -> None:
    plan = plan_of_seed(3, USUAL)
    fewer = plan.with_only(plan.planned[:2])
    assert (fewer.seed, fewer.title, len(fewer.planned)) == (None, "storm", 2)
    assert replace(fewer, seed=3, planned=plan.planned) == plan
