"""Shortens a plan to the part that fails: whatever is not needed for the failure is left out, by trying."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.faults.storms.storm_plan import PlannedFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from metricrig.faults.storms.storm_plan import StormPlan

    Fails = Callable[[StormPlan], bool]

MOST_TRIES = 100
"""Each of them takes as long as a storm."""


def shortened(plan: StormPlan, fails: Fails, *, tries: int = MOST_TRIES) -> StormPlan:
    """The shortest plan that was found to fail as well: the fewest faults, then without the pauses between them.

    ``fails(plan)`` runs one, in an environment that is fresh each time, and says whether it failed. After so many
    ``tries`` the shortest so far is it.
    """
    attempt = _Attempt(fails, tries)
    if not attempt(plan):
        raise UsageError(
            "this plan does not fail, so there is nothing to shorten\n"
            "  what to do: have fails(plan) return True when the failure is seen; if it is seen only now and then,"
            " have it run the plan several times"
        )
    fewest = plan.with_only(_fewest(plan, attempt))
    for shorter in _without_pauses(fewest):
        if attempt(shorter):
            return shorter
    return fewest


class _Attempt:
    """Tries plans, each once, until so many were tried: then none fails any more."""

    def __init__(self, fails: Fails, tries: int) -> None:
        self._fails = fails
        self._left = tries
        self._known: dict[StormPlan, bool] = {}

    def __call__(self, plan: StormPlan) -> bool:
        if plan not in self._known:
            if self._left <= 0:
                return False
            self._left -= 1
            self._known[plan] = bool(self._fails(plan))
        return self._known[plan]


def _fewest(plan: StormPlan, attempt: _Attempt) -> Sequence[PlannedFault]:
    """Zeller's and Hildebrandt's minimization: parts are left out, smaller and smaller ones, while it still fails."""
    left = list(plan.planned)
    parts = 2
    while len(left) > 1:
        for without in _complements(left, parts):
            if attempt(plan.with_only(without)):
                left, parts = without, max(parts - 1, 2)
                break
        else:
            if parts >= len(left):
                break
            parts = min(parts * 2, len(left))
    return left


def _complements(left: list[PlannedFault], parts: int) -> Iterator[list[PlannedFault]]:
    """What remains without each of so many parts."""
    bounds = [len(left) * number // parts for number in range(parts + 1)]
    for start, end in pairwise(bounds):
        yield left[:start] + left[end:]


def _without_pauses(plan: StormPlan) -> Iterator[StormPlan]:
    """The same faults with no pause in which nothing is in force, and at least without waiting before and after."""
    packed: list[PlannedFault] = []
    idle = covered = 0.0
    for each in plan.planned:
        idle += max(each.at - covered, 0.0)
        covered = max(covered, each.until)
        packed.append(PlannedFault(each.fault, round(each.at - idle, 3), each.lasting))
    yield plan.with_only(packed, max((each.until for each in packed), default=plan.seconds))
    first = min((each.at for each in plan.planned), default=0.0)
    early = [PlannedFault(each.fault, round(each.at - first, 3), each.lasting) for each in plan.planned]
    yield plan.with_only(early, max((each.until for each in early), default=plan.seconds))
    yield plan.with_only(plan.planned, max((each.until for each in plan.planned), default=plan.seconds))
