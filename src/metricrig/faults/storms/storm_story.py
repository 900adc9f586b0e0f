"""The story of a storm so far: what was in force at a moment, what had been before, and how to have it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.faults.storms.storm_plan import StormPlan

_MOST_SHOWN = 8
"""Faults that were over by then: those before them have hardly to do with it."""


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault that was begun; its times are seconds since the storm's begin, and ``until`` is None while in force."""

    fault: str
    since: float
    until: float | None

    def __str__(self) -> str:
        return f"{self.since:9.3f} s  {self.fault}" + (f", until {self.until:.3f} s" if self.until is not None else "")


@dataclass(frozen=True, slots=True)
class StormStory:
    """What there is to tell so many seconds ``after`` the begin."""

    plan: StormPlan
    after: float
    happened: tuple[Happened, ...]

    @property
    def in_force(self) -> tuple[str, ...]:
        """The faults that were in force at that moment."""
        return tuple(each.fault for each in self._now())

    def _now(self) -> list[Happened]:
        return [each for each in self.happened if each.until is None or each.until > self.after]

    def __str__(self) -> str:
        past = [each for each in self.happened if each not in self._now()]
        left_out = max(len(past) - _MOST_SHOWN, 0)
        lines = [
            f"  when: {self.after:.3f} s into the {self.plan.title}",
            *_listed("in force then", self._now() or ["nothing"]),
            *_listed("over by then", [*([f"… {left_out} more …"] if left_out else []), *past[left_out:]]),
            f"  again: {again(self.plan)}",
        ]
        return "\n".join(lines)


def _listed(title: str, lines: Sequence[object]) -> list[str]:
    return [f"  {title}:", *(f"    {str(each).strip()}" for each in lines)] if lines else []


def again(plan: StormPlan) -> str:
    """How the same is had once more."""
    if plan.seed is not None:
        return f"rig.storm(seed={plan.seed}, ...) with the same arguments, or plan.save(...) and rig.storm(plan, ...)"
    return "rig.storm(plan, faults=[...]) with the same plan: plan.save(...) keeps it"
