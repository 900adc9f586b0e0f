"""The plan of a storm: which fault begins when and lasts how long. Data, which follows from a seed alone.

A storm has two rules. No more than ``at_most`` faults are in force at once; and a victim has one fault at a time,
because many exclude each other: what was killed cannot be paused. A fault's victim is what its name says before the
colon: ``redis: paused`` is done to ``redis``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

MOST_FAULTS = 10_000
"""More than that in one plan is a misunderstanding, such as an ``every`` in milliseconds."""


_LONGEST_SECONDS = 366 * 86_400.0
"""A year."""


def victim_of(fault: str) -> str:
    """To whom a fault of this name is done."""
    return fault.partition(": ")[0]


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault that begins ``at`` so many seconds after the storm's begin, and is in force for so many."""

    fault: str
    at: float
    lasting: float

    def __post_init__(self) -> None:
        numbers = _is_number(self.at) and _is_number(self.lasting) and self.lasting > 0
        if not numbers or not _is_text(self.fault):
            shown = f"PlannedFault({self.fault!r}, at={self.at!r}, lasting={self.lasting!r})"
            raise _unsound(f'{shown}: it takes a name and seconds: PlannedFault("redis: paused", at=1.5, lasting=0.2)')

    @property
    def until(self) -> float:
        """When it heals."""
        return round(self.at + self.lasting, 3)

    @property
    def victim(self) -> str:
        """To whom it is done."""
        return victim_of(self.fault)

    def __str__(self) -> str:
        return f"{self.at:9.3f} s  {self.fault}, for {self.lasting:.3f} s"


@dataclass(frozen=True, slots=True)
class StormPlan:
    """A storm of so many ``seconds``. Print it, ``save`` it, run it again: ``rig.storm(plan, faults=[...])``."""

    planned: tuple[PlannedFault, ...]
    seconds: float
    at_most: int
    seed: int | None = None
    """What it was made from; None if it was written or shortened by hand."""

    def __post_init__(self) -> None:
        _require_sound(self)

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the faults that it needs, each once."""
        return tuple(dict.fromkeys(each.fault for each in self.planned))

    @property
    def title(self) -> str:
        """What people call it."""
        return "storm" if self.seed is None else f"storm of seed {self.seed}"

    def with_only(self, planned: Iterable[PlannedFault], seconds: float | None = None) -> StormPlan:
        """The same with these faults alone: no seed leads to that."""
        return replace(self, planned=tuple(planned), seconds=self.seconds if seconds is None else seconds, seed=None)

    def as_json(self) -> str:
        """As a text that ``from_json`` reads."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What ``as_json`` has written, or somebody by hand."""
        try:
            known = json.loads(text)
            planned = tuple(PlannedFault(**each) for each in known.pop("planned"))
            return cls(planned, **known)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise UsageError(
                f"this is no storm's plan: {error}\n  what works: the file that plan.save(...) makes"
            ) from error

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file, as JSON; says which."""
        written = Path(path)
        written.write_text(self.as_json() + "\n", encoding="utf-8")
        return written

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what ``save`` has written."""
        return cls.from_json(Path(path).read_text(encoding="utf-8"))

    def __str__(self) -> str:
        head = f"{self.title}: {len(self.planned)} faults in {self.seconds:g} s, at most {self.at_most} at once"
        return "\n".join([head, *map(str, self.planned)])


def _require_sound(plan: StormPlan) -> None:
    """A plan may come from a file: what cannot be carried out is refused before anything is done."""
    _require_kinds(plan)
    if not plan.planned:
        raise _unsound("it has no fault, and would prove nothing: let for_=… be longer than every=…")
    if len(plan.planned) > MOST_FAULTS:
        raise _unsound(f"it has {len(plan.planned)} faults; {MOST_FAULTS} are the most: let every=… be longer")
    _require_times(plan)
    _require_rules(plan)


def _require_kinds(plan: Any) -> None:
    if not isinstance(plan.planned, tuple) or not all(isinstance(each, PlannedFault) for each in plan.planned):
        raise _unsound('its faults are a tuple: StormPlan((PlannedFault("redis: paused", at=1, lasting=2),), ...)')
    if not _is_number(plan.seconds) or not _is_count(plan.at_most):
        raise _unsound("its length is a number of seconds, and at_most is a whole number from 1 on")
    if plan.seed is not None and not _is_count(plan.seed, least=0):
        raise _unsound("its seed is a whole number from 0 on, or none")


def _require_times(plan: StormPlan) -> None:
    for each in plan.planned:
        if each.until > plan.seconds:
            raise _unsound(f"{each} does not lie in its {plan.seconds:g} s")
    for before, each in pairwise(plan.planned):
        if before.at > each.at:
            raise _unsound(f"{each} comes after one that begins later")


def _require_rules(plan: StormPlan) -> None:
    others: list[PlannedFault] = []
    for each in plan.planned:
        others = [one for one in others if one.until > each.at]
        if any(one.victim == each.victim for one in others):
            raise _unsound(f"{each}: {each.victim} has another fault then, and a victim has one at a time")
        if len(others) >= plan.at_most:
            raise _unsound(f"{each}: {len(others)} are in force then, and {plan.at_most} may be")
        others.append(each)


def _is_text(given: Any) -> bool:
    return isinstance(given, str)


def _is_number(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= _LONGEST_SECONDS


def _is_count(given: Any, least: int = 1) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= least


def _unsound(why: str) -> UsageError:
    return UsageError(f"this storm cannot be: {why}")


def names_of(faults: Sequence[str]) -> tuple[str, ...]:
    """Names that differ: the second ``link: slow`` is ``link: slow (2)``."""
    seen: dict[str, int] = {}
    names = []
    for each in faults:
        seen[each] = seen.get(each, 0) + 1
        names.append(each if seen[each] == 1 else f"{each} ({seen[each]})")
    return tuple(names)
