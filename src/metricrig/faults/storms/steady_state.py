"""What has to hold while things are broken: a condition that is judged again and again, and what was seen of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from metricrig._core.arguments import wrong
from metricrig._core.errors import described
from metricrig.metrics.conditions.look import Unknown
from metricrig.metrics.waits.page_fetch import look_at, sources_of
from metricrig.metrics.waits.report import History
from metricrig.metrics.waits.wait import numbers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig.metrics.conditions.condition import Condition

_PAGE_TIMEOUT_SECONDS = 1.0
"""A page that takes longer, of a server that is paused, says nothing: the next look may."""


class Steady(Protocol):
    """Something that is to hold. ``str`` of it says what."""

    judged: int
    """How often it was found to hold or not to; a page that could not be read counts for neither."""
    unknown: str
    """Why the last look said nothing."""

    def violation(self) -> str | None:
        """Look once: what was seen instead, if it does not hold."""

    def seen(self) -> list[str]:
        """What was seen of it so far, a line each."""


def steady(given: Any) -> Steady:
    """A condition on bound metrics, or a function that returns False or raises when it does not hold."""
    if hasattr(given, "judge"):
        return SteadyMetrics(given)
    if callable(given):
        return SteadyAnswer(given)
    right = 'a condition on a server\'s metrics, while_(shop.metrics("queue_depth").max() <= 3), or a function'
    raise wrong("storm.while_", "condition", given, right)


class SteadyMetrics:
    """A condition on metrics, each of which says on which server's page it is."""

    def __init__(self, condition: Condition) -> None:
        self._condition = condition
        self._sources = sources_of(condition, condition.expressions(), None)
        self._histories = [(History(str(each)), each) for each in numbers_of(condition)]
        self._began = time.monotonic()
        self.judged = 0
        self.unknown = ""

    def violation(self) -> str | None:
        """Look at the pages; one that cannot be had leaves it open."""
        look = look_at(self._sources, None, _PAGE_TIMEOUT_SECONDS)
        after = time.monotonic() - self._began
        for history, number in self._histories:
            value = number.evaluate(look)
            history.add(after, value.why if isinstance(value, Unknown) else value)
        verdict = self._condition.judge(look)
        if isinstance(verdict, Unknown):
            self.unknown = verdict.why
            return None
        self.judged += 1
        return None if verdict else ", ".join(f"{each.expression} = {each.seen[-1]}" for each, _ in self._histories)

    def seen(self) -> list[str]:
        """The values of each number."""
        return [str(each) for each, _ in self._histories]

    def __str__(self) -> str:
        return str(self._condition)


class SteadyAnswer:
    """A function: nothing and whatever is true are yes; False, 0, an empty answer and an exception are no."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self.judged = 0
        self.unknown = ""
        self.error: Exception | None = None
        """What it has raised."""

    def violation(self) -> str | None:
        """Ask it."""
        try:
            answer = self._function()
        except Exception as error:  # noqa: BLE001 - that is its way to say no
            self.error = error
            self.judged += 1
            return f"it raised {described(error)}"
        self.judged += 1
        return None if answer is None or answer else f"it returned {answer!r}"

    def seen(self) -> list[str]:
        """A function tells nothing but its answer."""
        return []

    def __str__(self) -> str:
        return getattr(self._function, "__qualname__", repr(self._function)) + "()"
