"""What can go wrong with faults: one had no effect, or could not be healed; a storm showed that something broke."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError

if TYPE_CHECKING:
    from metricrig.faults.storms.storm_plan import StormPlan
    from metricrig.faults.storms.storm_story import StormStory


class _Unproven(MetricrigError):
    """What a fault's proof ``expected``, and what was ``seen`` instead."""

    _failure = ""

    def __init__(self, fault: str, *, expected: str, seen: str, remedy: str = "") -> None:
        self.fault = fault
        self.expected = expected
        self.seen = seen
        self.remedy = remedy
        advice = f"\n  what to do: {remedy}" if remedy else ""
        super().__init__(f"{fault}: {self._failure}\n  expected: {expected}\n  seen: {seen}{advice}")


class FaultWithoutEffect(_Unproven):
    """A fault was inflicted, and its victim did not feel it."""

    _failure = "it did not take hold"


class FaultNotHealed(_Unproven):
    """A fault was taken back, and its victim still suffers."""

    _failure = "it has not healed"


class SteadyStateViolated(MetricrigError):
    """What was to hold all through a storm did not: ``seen`` is what was there, while ``in_force`` were these faults.

    ``after`` is how many seconds into the storm that was; ``plan`` is the storm, to be run again or shortened.
    """

    def __init__(self, condition: str, *, seen: str, plan: StormPlan, story: StormStory) -> None:
        self.condition = condition
        self.seen = seen
        self.plan = plan
        self.after = story.after
        self.in_force = story.in_force
        super().__init__(f"a steady state was violated: {condition}\n  seen: {seen}\n{story}")


class SteadyStateUnknown(MetricrigError):
    """What was to hold all through a storm could not be judged even once: ``why`` says what was in the way."""

    def __init__(self, condition: str, *, why: str) -> None:
        self.condition = condition
        self.why = why
        super().__init__(
            f"a steady state was never judged, so nothing is known of it: {condition}\n  why: {why}\n"
            "  what to do: have the series exist before the storm begins, or judge a server that the storm spares"
        )
