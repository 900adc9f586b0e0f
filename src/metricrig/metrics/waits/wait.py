"""A wait for a condition: until it holds, a server dies, or the time is over."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from metricrig._core.arguments import require_condition
from metricrig._core.deadlines import Deadline
from metricrig.metrics.conditions.look import Unknown
from metricrig.metrics.waits.page_fetch import look_at, sources_of
from metricrig.metrics.waits.report import History, NotInTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from metricrig.metrics.conditions.condition import Condition
    from metricrig.metrics.conditions.expression import Expression
    from metricrig.metrics.conditions.look import Alive, PageSource

# Half of it is what a wait returns too late, on average. A test sees a value rarely sooner than the next tick of a
# server's own loop, and a look at a small page every 20 ms is 2 % of a core.
LONGEST_PAUSE_SECONDS = 0.020
# A look at a page of 10 MB takes 15 ms of computing: it must not be taken fifty times a second.
_COMPUTING_SHARE = 0.04
_LONGEST_PAUSE_FOR_LARGE_PAGES_SECONDS = 0.5
_LEAST_FETCH_SECONDS = 0.05


def wait_for(condition: Condition, *, within: float = 30.0) -> None:
    """Wait for a condition on pages of several servers, made of bound metrics: ``a.metrics("x") + b.metrics("x")``.

    Each page is fetched once per look. A server that dies ends the wait.
    """
    wait(condition, within=within, default=None, who="metrics")


def wait(condition: Condition, *, within: float, default: PageSource | None, who: str) -> None:
    """Look until the condition holds; metrics that are not bound are read from the default source."""
    require_condition("wait_for" if default is None else f"{who}.wait", condition)
    deadline = Deadline.after(within)
    sources = sources_of(condition, condition.expressions(), default)
    alive = [each.alive for each in sources if each.alive is not None]
    with ExitStack() as waits:
        for each in alive:
            waits.enter_context(each.waited_for())
        _look_until(condition, deadline, sources, alive, default=default, who=who)


def _look_until(
    condition: Condition,
    deadline: Deadline,
    sources: Sequence[PageSource],
    alive: Sequence[Alive],
    *,
    default: PageSource | None,
    who: str,
) -> None:
    histories = [(History(str(each)), each) for each in numbers_of(condition)]
    pauses = deadline.pauses()
    while True:
        began = time.thread_time()
        look = look_at(sources, default, max(deadline.remaining, _LEAST_FETCH_SECONDS))
        verdict = condition.judge(look)
        for history, number in histories:
            value = number.evaluate(look)
            history.add(deadline.elapsed, value.why if isinstance(value, Unknown) else value)
        if verdict is True:
            return
        _end_if_dead(alive, condition)
        pause = next(pauses, None)
        if pause is None:
            raise NotInTime(who, condition, deadline.within, [history for history, _ in histories], look)
        _pause(alive, min(_polite(pause, time.thread_time() - began), deadline.remaining))
        _end_if_dead(alive, condition)


def numbers_of(condition: Condition) -> list[Expression]:
    """What is worth showing at a timeout: the numbers that are compared, and that are not constant; each once."""
    numbers = {str(each): each for each in condition.expressions() if any(part.reads for part in each.parts())}
    return list(numbers.values())


def _polite(pause: float, computed: float) -> float:
    """The pause after a look that took so long to compute: mostly waiting, whatever the size of the page."""
    return max(
        min(pause, LONGEST_PAUSE_SECONDS), min(computed / _COMPUTING_SHARE, _LONGEST_PAUSE_FOR_LARGE_PAGES_SECONDS)
    )


def _pause(alive: Sequence[Alive], seconds: float) -> None:
    """Wait for a death. Only the first can be waited for; the others are looked at afterwards."""
    if alive:
        alive[0].exited.wait(seconds)
    else:
        time.sleep(seconds)


def _end_if_dead(alive: Iterable[Alive], condition: Condition) -> None:
    for each in alive:
        if each.exited.is_set():
            raise each.death(f"while waiting for {condition}")
