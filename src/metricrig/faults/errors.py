"""What can go wrong with a fault: it had no effect, or it could not be healed."""

from __future__ import annotations

from metricrig._core.errors import MetricrigError


class FaultWithoutEffect(MetricrigError):
    """A fault was inflicted, and its victim did not feel it: ``expected`` it to, and ``seen`` is what was there."""

    def __init__(self, fault: str, *, expected: str, seen: str, remedy: str = "") -> None:
        self.fault = fault
        self.expected = expected
        self.seen = seen
        self.remedy = remedy
        advice = f"\n  what to do: {remedy}" if remedy else ""
        super().__init__(f"{fault}: it did not take hold\n  expected: {expected}\n  seen: {seen}{advice}")


class FaultNotHealed(MetricrigError):
    """A fault was taken back, and its victim still suffers."""

    def __init__(self, fault: str, *, expected: str, seen: str, remedy: str = "") -> None:
        self.fault = fault
        self.expected = expected
        self.seen = seen
        self.remedy = remedy
        advice = f"\n  what to do: {remedy}" if remedy else ""
        super().__init__(f"{fault}: it has not healed\n  expected: {expected}\n  seen: {seen}{advice}")
