"""Results as text: a row for each series, a column for each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from metricrig.metrics.results import data
from metricrig.metrics.results.labels import written
from metricrig.metrics.results.times import clock, offset
from metricrig.metrics.results.values import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.metrics.results.data import Result

T = TypeVar("T")
G = TypeVar("G")

# What a terminal shows without folding, about: the middle of a longer one is left out.
_COLUMNS = 16
_ROWS = 30


def drawn(result: Result) -> str:
    """The whole of a small result, and the edges of a large one; then what the engine remarked."""
    notes = getattr(result, "notes", ())
    return "\n".join([_drawn(result), *(f"  note: {each}" for each in notes)])


def _drawn(result: Result) -> str:
    if isinstance(result, data.Matrix):
        return _matrix(result.series, result.steps)
    if isinstance(result, data.Series):
        return _matrix((result,), ())
    if isinstance(result, data.Vector):
        return _vector(result.samples)
    if isinstance(result, data.Sample):
        return f"Sample {written(result.labels)} {shown(result.value)} at {clock(result.time)}"
    if isinstance(result, data.Scalar | data.String):
        return f"{type(result).__name__} {shown(result.value)} at {clock(result.time)}"
    return object.__repr__(result)


def line(result: Result) -> str:
    """The same numbers in one line."""
    kind = type(result).__name__
    if isinstance(result, data.Series):
        return f"<{kind} {_row(result, ())}>"
    if isinstance(result, data.Matrix):
        rows = sorted(_row(each, result.steps) for each in result.series)
    elif isinstance(result, data.Vector):
        rows = sorted(f"{written(each.labels)} {shown(each.value)}" for each in result.samples)
    else:
        return drawn(result)
    inside = "; ".join([*rows[:_ROWS], *map(str.strip, _rest(len(rows)))])
    return f"<{kind} {len(rows)} series: {inside}>" if rows else f"<{kind} empty>"


def _row(series: data.Series, steps: tuple[float, ...]) -> str:
    values = [shown(value) for value in series.on(steps)]
    return " ".join([written(series.labels), *_edges(values, "...")])


def _matrix(series: tuple[data.Series, ...], steps: tuple[float, ...]) -> str:
    times = steps or tuple(sorted({time for each in series for time in each.times}))
    if not times:
        return f"Matrix: {len(series)} series, no samples"
    columns = _edges(times, None)
    rows = [["", *("..." if at is None else offset(at - times[0]) for at in columns)]]
    for each in sorted(series, key=lambda one: written(one.labels))[:_ROWS]:
        found = dict(zip(times, each.on(times), strict=True))
        rows.append([written(each.labels), *("..." if at is None else shown(found[at]) for at in columns)])
    head = f"Matrix: {len(series)} series from {clock(times[0])}"
    return "\n".join([head, *_aligned(rows), *_rest(len(series))])


def _edges(items: Sequence[T], gap: G) -> list[T | G]:
    if len(items) <= _COLUMNS:
        return list(items)
    return [*items[: _COLUMNS - 4], gap, *items[-3:]]


def _vector(samples: tuple[data.Sample, ...]) -> str:
    head = f"Vector: {len(samples)} series" + (f" at {clock(samples[0].time)}" if samples else "")
    ordered = sorted(samples, key=lambda one: written(one.labels))[:_ROWS]
    rows = [[written(each.labels), shown(each.value)] for each in ordered]
    return "\n".join([head, *_aligned(rows), *_rest(len(samples))])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]


def _rest(count: int) -> list[str]:
    return [f"  ... and {count - _ROWS} more"] if count > _ROWS else []
