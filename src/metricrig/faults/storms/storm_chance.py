"""Chance becomes a plan: draws, from a seed or from whoever else makes them, are placed by the rules of a storm."""

from __future__ import annotations

import random
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from metricrig.faults.storms.storm_plan import MOST_FAULTS, PlannedFault, StormPlan, victim_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from metricrig.faults.storms.duration_range import DurationRange


class Draw(NamedTuple):
    """What chance decides of one fault, each from 0 to below 1: how far into its range, or into the list, it is."""

    pause: float
    fault: float
    lasting: float


class Chances(NamedTuple):
    """What may be chosen: from these names, in these ranges."""

    faults: Sequence[str]
    every: DurationRange
    lasting: DurationRange
    at_most: int
    seconds: float


def plan_of_seed(seed: int, chances: Chances) -> StormPlan:
    """The plan of a seed: the same on every machine and in every version of Python, for ever."""
    return plan_of_draws(draws_of(seed), chances, seed)


def draws_of(seed: int) -> Iterator[Draw]:
    """``random()`` alone is promised to stay as it is in later Pythons; ``choice`` and ``uniform`` are not."""
    chance = random.Random(seed)  # noqa: S311 - it is to be foreseen
    while True:
        yield Draw(chance.random(), chance.random(), chance.random())


def plan_of_draws(draws: Iterable[Draw], chances: Chances, seed: int | None = None) -> StormPlan:
    """One fault for each draw, until the time is over. What has no place yet begins as soon as there is one."""
    planned: list[PlannedFault] = []
    in_force: list[PlannedFault] = []
    now = 0.0
    for draw in islice(draws, MOST_FAULTS + 1):
        now = round(now + chances.every.at(draw.pause), 3)
        if now >= chances.seconds and not planned:  # a storm without a fault would prove nothing
            now = chances.every.shortest
        in_force = [each for each in in_force if each.until > now]
        now, free = _place(in_force, now, chances)
        if now >= chances.seconds:
            break
        fault = free[int(draw.fault * len(free))]
        lasting = min(chances.lasting.at(draw.lasting), round(chances.seconds - now, 3))
        planned.append(PlannedFault(fault, now, lasting))
        in_force.append(planned[-1])
    return StormPlan(tuple(planned), chances.seconds, chances.at_most, seed)


def _place(in_force: Sequence[PlannedFault], wanted: float, chances: Chances) -> tuple[float, list[str]]:
    """The first moment at which one more may begin, and which may."""
    for moment in [wanted, *sorted(each.until for each in in_force)]:
        now = [each for each in in_force if each.until > moment]
        busy = {each.victim for each in now}
        free = [each for each in chances.faults if victim_of(each) not in busy]
        if free and len(now) < chances.at_most:
            return moment, free
    raise AssertionError("when the last one has ended, all are free")
