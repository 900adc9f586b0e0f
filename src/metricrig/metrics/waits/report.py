"""The report of a wait: what was seen of each number meanwhile, and the error where the time ran out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import DeadlineExceeded, MetricrigError
from metricrig.metrics.conditions.aggregates import SelectionNumber
from metricrig.metrics.conditions.look import Unknown
from metricrig.metrics.conditions.selection import Selection
from metricrig.metrics.exposition.errors import listed
from metricrig.metrics.exposition.model import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metricrig.metrics.conditions.condition import Condition
    from metricrig.metrics.conditions.look import Look
    from metricrig.metrics.exposition import Page


_BARS = "▁▂▃▄▅▆▇█"
_MOST_CHANGES_KEPT = 500
_MOST_CHANGES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class SeenValue:
    """A value, or why there was none, from so many seconds after the start of the wait."""

    after: float
    value: float | str

    def __str__(self) -> str:
        shown = plain(self.value) if isinstance(self.value, float) else f"nothing ({self.value.splitlines()[0]})"
        return f"{shown} at {self.after:.2f} s"


class History:
    """The values of one expression: each change, not each look. Of very many, the first half and the last."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.seen: list[SeenValue] = []

    def add(self, after: float, value: float | str) -> None:
        """Note what a look has shown, if it is something new."""
        if self.seen and _same(self.seen[-1].value, value):
            return
        if len(self.seen) >= _MOST_CHANGES_KEPT:
            del self.seen[_MOST_CHANGES_KEPT // 2]
        self.seen.append(SeenValue(after, value))

    @property
    def numbers(self) -> list[float]:
        """The values that were numbers."""
        return [each.value for each in self.seen if isinstance(each.value, float)]

    def __str__(self) -> str:
        bars = sparkline(self.numbers)
        told = [str(each) for each in self.seen]
        if len(told) > _MOST_CHANGES_SHOWN:
            told = [
                *told[: _MOST_CHANGES_SHOWN // 2],
                f"… {len(told) - _MOST_CHANGES_SHOWN} more …",
                *told[-_MOST_CHANGES_SHOWN // 2 :],
            ]
        return f"{self.expression}: {f'{bars}  ' if bars else ''}{', '.join(told)}"


def _same(one: float | str, other: float | str) -> bool:
    both_nan = isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    return both_nan or one == other


def sparkline(values: list[float], width: int = 40) -> str:
    """The shape of some values, in one line of text; nothing for fewer than two."""
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 2:  # noqa: PLR2004
        return ""
    finite = [finite[i * len(finite) // width] for i in range(width)] if len(finite) > width else finite
    low, high = min(finite), max(finite)
    top = len(_BARS) - 1
    # Each is halved, because the difference of two numbers may be more than a float can hold.
    return "".join(_BARS[round((value / 2 - low / 2) / (high / 2 - low / 2 or 1.0) * top)] for value in finite)


class NotInTime(DeadlineExceeded):
    """A condition did not hold in time.

    ``condition`` says which, ``histories`` what was seen of each number, ``verdict`` how the last look was judged,
    ``there`` which series there are under the names in question.
    """

    def __init__(self, who: str, condition: Condition, within: float, histories: Sequence[History], look: Look) -> None:
        self.condition = str(condition)
        self.histories = tuple(histories)
        self.verdict = condition.judge(look)
        self.there = tuple(dict.fromkeys(_there(condition, look)))
        last = [f"undecided: {self.verdict.why}"] if isinstance(self.verdict, Unknown) else ["not satisfied"]
        lines = [*last, *map(str, histories), *self.there]
        super().__init__(who, wanted=self.condition, seen="\n    ".join(lines), within=within)


def _there(condition: Condition, look: Look) -> Iterator[str]:
    """For each selection, what there is under its name, or names like it."""
    for number in condition.expressions():
        for part in number.parts():
            if isinstance(part, (Selection, SelectionNumber)):
                selection = part.selection
                page = look.pages[selection.bound]
                yield f"the last error: {page}" if isinstance(page, MetricrigError) else _described(page, selection)


def _described(page: Page, selection: Selection) -> str:
    name = selection.selector.name
    try:
        there = [str(each) for each in page.of_name(name)]
        if there:
            return f"series of {name}: {listed(there)}"
        near = page.near(name)
        return f"there is no series of {name}" + (f"; near it are: {listed(near)}" if near else "")
    except MetricrigError as error:
        return f"the last error: {error}"
