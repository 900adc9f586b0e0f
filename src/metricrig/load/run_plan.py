"""What a run is to do: who calls, how often or how many at a time, and for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metricrig.load.caller import Caller
    from metricrig.load.rate import Rate

LATEST_START_SECONDS = 1.0
"""After its time is over: a call that could not begin by then never does, and is counted as missed."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """An open loop has a ``rate``; a closed one has none, and its users ``think`` after each call."""

    caller: Caller
    users: int
    seconds: float = math.inf
    rate: Rate | None = None
    think: float = 0.0
    patience: float = 10.0
    """Seconds that calls which are under way may still take when the time is over."""
    share: tuple[int, int] = (0, 1)
    """Which of how many workers this is: of the moments it has every so-many-th."""
    common_begin: Callable[[], float] | None = None
    """Waits for the other workers, and returns when all begin; None where there are none."""

    def moments(self) -> Iterator[float]:
        """Seconds after the beginning at which calls are due."""
        worker, workers = self.share
        mine = islice(self.rate.moments() if self.rate else (), worker, None, workers)
        return takewhile(lambda moment: moment < self.seconds, mine)

    def missed(self, made: int, ran: float) -> int:
        """How many calls of an open loop were due in so many seconds and were not even begun."""
        due = sum(1 for _ in takewhile(lambda moment: moment <= ran, self.moments()))
        return max(0, due - made)

    @property
    def sentence(self) -> str:
        """For people: what it does."""
        length = f" for {self.seconds:g} s" if math.isfinite(self.seconds) else ""
        if self.rate is not None:
            return f"{self.caller.name} at {self.rate}{length}"
        thinking = f", thinking {self.think:g} s between" if self.think else ""
        return f"{self.caller.name} by {self.users} user{'s' * (self.users != 1)}{thinking}{length}"
