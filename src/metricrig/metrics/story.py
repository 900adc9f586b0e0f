"""What a wait that ran out has to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import DeadlineExceeded, MetricrigError
from metricrig.metrics.exposition.errors import listed
from metricrig.metrics.looking import Unknown
from metricrig.metrics.selection import Selection
from metricrig.metrics.taken import Taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metricrig.metrics.condition import Condition
    from metricrig.metrics.exposition import Page
    from metricrig.metrics.history import History
    from metricrig.metrics.looking import Look


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
            if isinstance(part, (Selection, Taken)):
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
