"""What is known of each call that was made, in columns: 30 bytes a call, and nothing is lost to an average."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Row = tuple[float, float, float, int, int]

GOOD = 0
"""The outcome of a call that did not fail. Others are numbers of kinds of errors."""
WHOLE = 0
"""The operation that is the call itself. Others are numbers of operations inside of it."""


class Calls:
    """When each was due, began and ended, on the monotonic clock; how it ended, and which operation it was."""

    def __init__(self) -> None:
        self.due = array("d")
        self.began = array("d")
        self.ended = array("d")
        self.outcome = array("H")
        self.operation = array("H")

    def add(self, due: float, began: float, ended: float, outcome: int = GOOD, operation: int = WHOLE) -> None:
        """One more; not for two threads at once."""
        self.due.append(due)
        self.began.append(began)
        self.operation.append(operation)
        self.outcome.append(outcome)
        self.ended.append(ended)  # the last: how many there are is how many of these

    def __len__(self) -> int:
        return len(self.ended)

    def __iter__(self) -> Iterator[Row]:
        return zip(self.due, self.began, self.ended, self.outcome, self.operation, strict=False)

    def extend(self, other: Calls, outcomes: Sequence[int], operations: Sequence[int]) -> None:
        """All of another's; its outcomes and operations have these numbers here."""
        self.due.extend(other.due)
        self.began.extend(other.began)
        self.operation.extend(operations[each] for each in other.operation)
        self.outcome.extend(outcomes[each] for each in other.outcome)
        self.ended.extend(other.ended)  # the last, as above

    def part(self, first: int, until: int) -> Calls:
        """Those with these numbers, in the order in which they ended."""
        chosen = Calls()
        for name in ("due", "began", "operation", "outcome", "ended"):
            setattr(chosen, name, getattr(self, name)[first:until])
        return chosen

    def where(self, wanted: Callable[[Row], bool]) -> Calls:
        """Some of them."""
        chosen = Calls()
        for row in self:
            if wanted(row):
                chosen.add(*row)
        return chosen

    @property
    def waits(self) -> list[float]:
        """Seconds from when each was due until it ended: what whoever wanted it has waited."""
        return [ended - due for due, ended in zip(self.due, self.ended, strict=False)]

    @property
    def lags(self) -> list[float]:
        """Seconds from when each was due until it began: the generator's own."""
        return [began - due for due, began in zip(self.due, self.began, strict=False)]
