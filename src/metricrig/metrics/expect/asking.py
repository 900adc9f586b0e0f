"""When a query is asked, as typed: at one moment of the grid, or over a range of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from metricrig._core.errors import UsageError
from metricrig.metrics.expect.query import Query
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.clock import duration, milliseconds
from metricrig.metrics.timeline.offsets import offset

if TYPE_CHECKING:
    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.timeline.clock import Clock

# What VictoriaMetrics takes for the step of an instant query that has none.
_INSTANT_STEP = 300_000


class When(TypedDict, total=False):
    """``at``: one moment. Otherwise a range: the grid's own, or from ``start`` to ``end`` by ``step``.

    All in seconds from the grid's start, negative ones too. ``engine`` is the one that answers.
    """

    at: float
    start: float
    end: float
    step: str | float
    engine: Engine | str


def query(clock: Clock, window: str | float | None, when: When) -> Query:
    """The points of a query. As engines do, a range ends with the last step that is not after its end."""
    unknown = when.keys() - When.__annotations__.keys()
    if unknown:
        known = ", ".join(f"{each}=" for each in When.__annotations__)
        raise UsageError(f"{min(unknown)}= is not known here, but {known}")
    width = 0 if window is None else duration(window, "window")
    if window is not None and width <= 0:
        raise UsageError(f"window={window!r} is empty")
    if "at" in when:
        return _instant(clock, width, when)
    step = duration(when["step"], "step") if "step" in when else clock.every
    if step <= 0:
        raise UsageError(f"step={when.get('step')!r} is no step")
    first = clock.first + milliseconds(offset(when.get("start", 0), "start"))
    final = clock.first + milliseconds(offset(when["end"], "end")) if "end" in when else clock.last
    if final < first:
        raise UsageError(f"the range from start={when.get('start', 0)} to end={when.get('end')} is empty")
    points = np.arange(first, final + 1, step, dtype=np.int64)
    return Query(points, step, width, single=False)


def _instant(clock: Clock, width: int, when: When) -> Query:
    if "start" in when or "end" in when:
        raise UsageError("at= asks for one moment, start= and end= for a range: not both")
    step = duration(when["step"], "step") if "step" in when else _INSTANT_STEP
    return Query(
        np.array([clock.first + milliseconds(offset(when["at"], "at"))], dtype=np.int64), step, width, single=True
    )
