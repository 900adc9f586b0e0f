"""Watches over a storm: judges what has to hold, again and again, and notices services that end by themselves."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from metricrig._core.deadlines import factor
from metricrig.faults.errors import SteadyStateUnknown, SteadyStateViolated
from metricrig.faults.storms import recovery
from metricrig.faults.storms.steady_state import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metricrig.faults.storms.recovery import Resident
    from metricrig.faults.storms.steady_state import Steady
    from metricrig.faults.storms.storm_story import StormStory

_PAUSE_SECONDS = 0.02
"""Between two looks: at a small page every 20 ms they take 2 % of a core."""
_COMPUTING_SHARE = 0.04
"""How much of the time looks may take that compute for long, such as at a page of megabytes."""
_LAST_LOOK_SECONDS = 30.0
"""For a look that has begun: a function of a user may wait for what was broken."""


class StormWatch:
    """Each steady state has a thread of its own; the first trouble is told to ``fail``, and ends all of them."""

    def __init__(self, story: Callable[[], StormStory], fail: Callable[[Exception], None]) -> None:
        self._story = story
        self._fail = fail
        self._steady: list[Steady] = []
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def add(self, condition: Any) -> None:
        """Have this judged too."""
        self._steady.append(steady(condition))

    def look_once(self) -> None:
        """Judge all of it now, before anything is broken."""
        for each in self._steady:
            self._look(each)

    def begin(self, residents: Sequence[Resident], during: str) -> None:
        """Go on until the end."""
        tasks = [
            partial(self._notice_deaths, residents, during),
            *(partial(self._judge, each) for each in self._steady),
        ]
        for task in tasks:
            thread = threading.Thread(target=task, name="metricrig-storm-watch", daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> list[Exception]:
        """All is well again: look no more. Says which states were never judged, and are unknown therefore."""
        self._over.set()
        for thread in self._threads:
            thread.join(_LAST_LOOK_SECONDS * factor())
        for state, thread in zip(self._steady, self._threads[1:], strict=False):
            if thread.is_alive():
                self._violated(state, f"its last look has not returned, {_LAST_LOOK_SECONDS:g} s after the storm")
        return [SteadyStateUnknown(str(each), why=each.unknown) for each in self._steady if not each.judged]

    def _notice_deaths(self, residents: Sequence[Resident], during: str) -> None:
        while not self._over.wait(_PAUSE_SECONDS):
            if (death := recovery.lost(residents, during)) is not None:
                self._tell(death)

    def _judge(self, state: Steady) -> None:
        pause = 0.0
        while not self._over.wait(pause):
            began = time.thread_time()
            self._look(state)
            pause = max(_PAUSE_SECONDS, (time.thread_time() - began) / _COMPUTING_SHARE)

    def _look(self, state: Steady) -> None:
        if (seen := state.violation()) is not None:
            self._violated(state, "\n    ".join([seen, *state.seen()]))

    def _violated(self, state: Steady, seen: str) -> None:
        story = self._story()
        violated = SteadyStateViolated(str(state), seen=seen, plan=story.plan, story=story)
        violated.__cause__ = getattr(state, "error", None)
        self._tell(violated)

    def _tell(self, trouble: Exception) -> None:
        self._over.set()
        self._fail(trouble)
