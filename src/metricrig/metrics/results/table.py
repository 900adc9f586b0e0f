"""Tables of results: as text, a row for each series and a column for each time; and as a frame of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from metricrig._core.errors import Unavailable
from metricrig.metrics.results.equality import by_identity
from metricrig.metrics.results.labels import written
from metricrig.metrics.results.values import clock, offset, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from metricrig.metrics.results.content import Content, Row

T = TypeVar("T")
G = TypeVar("G")

# What a terminal shows without folding, about: the middle of a longer one is left out.
_MOST_COLUMNS = 16
_MOST_ROWS = 30


def of_series(rows: Sequence[Row], steps: tuple[float, ...]) -> str:
    """Times across: the whole of a small matrix, and the edges of a large one."""
    times = steps or tuple(sorted({time for row in rows for time in row.times}))
    if not times:
        return f"Matrix: {len(rows)} series, no samples"
    columns = _edges(times, None)
    cells = [["", *("..." if at is None else offset(at - times[0]) for at in columns)]]
    for row in sorted(rows, key=_name)[:_MOST_ROWS]:
        found = dict(zip(times, row.on(times), strict=True))
        cells.append([_name(row), *("..." if at is None else shown(found[at]) for at in columns)])
    head = f"Matrix: {len(rows)} series from {clock(times[0])}"
    return "\n".join([head, *_aligned(cells), *_rest(len(rows))])


def of_samples(rows: Sequence[Row]) -> str:
    """A line for each sample of one moment."""
    head = f"Vector: {len(rows)} series" + (f" at {clock(rows[0].times[0])}" if rows else "")
    cells = [[_name(row), shown(row.values[0])] for row in sorted(rows, key=_name)[:_MOST_ROWS]]
    return "\n".join([head, *_aligned(cells), *_rest(len(rows))])


def line_of_several(kind: str, texts: Iterable[str]) -> str:
    """Several series in one line."""
    rows = sorted(texts)
    inside = "; ".join([*rows[:_MOST_ROWS], *map(str.strip, _rest(len(rows)))])
    return f"<{kind} {len(rows)} series: {inside}>" if rows else f"<{kind} empty>"


def line_of_values(labels: str, values: Iterable[object]) -> str:
    """One series and its values in one line."""
    return " ".join([labels, *_edges([shown(value) for value in values], "...")])


def with_notes(text: str, notes: Iterable[str]) -> str:
    """A table, and below it what the engine remarked."""
    return "\n".join([text, *(f"  note: {each}" for each in notes)])


def frame(result: Content) -> Any:
    """A ``pandas.DataFrame``: times down, one column for each series; NaN where a series has no sample."""
    pandas = _pandas()
    columns = {
        written(dict(labels)): pandas.Series(row.values, index=pandas.to_datetime(list(row.times), unit="s", utc=True))
        for labels, row in by_identity(result).items()
    }
    return pandas.DataFrame(columns)


def _name(row: Row) -> str:
    return written(row.labels)


def _edges(items: Sequence[T], gap: G) -> list[T | G]:
    if len(items) <= _MOST_COLUMNS:
        return list(items)
    return [*items[: _MOST_COLUMNS - 4], gap, *items[-3:]]


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
    return [f"  ... and {count - _MOST_ROWS} more"] if count > _MOST_ROWS else []


def _pandas() -> Any:
    import importlib  # noqa: PLC0415 - an optional library, of no use to most

    try:
        return importlib.import_module("pandas")
    except ImportError:
        raise Unavailable(
            "frame()", reason="pandas is not installed", remedy="pip install pandas, or use by() and values"
        ) from None
