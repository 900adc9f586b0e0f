"""Names and labels of synthetic series, one or many at once, and none of them twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig.metrics.results.labels import NAME, identity, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from metricrig.metrics.timeline.block import Block


def require_distinct(several: Iterable[Mapping[str, str]]) -> None:
    """Refuse two equal label sets; one whose value is empty is none."""
    seen = set()
    for labels in several:
        key = identity(labels)
        if key in seen:
            raise UsageError(
                f"{written(labels)} is in this timeline twice, and an engine keeps one of its values at random\n"
                "  what to do: tell all of it to one object, as in x = grid.counter(...); x.inc(10); x.inc(20), or give"
                " them a label that differs"
            )
        seen.add(key)


def require_distinct_blocks(blocks: Sequence[Block], *, replaced: bool) -> None:
    """The same for all that is written at once: there may be a million, so that only what may be equal is looked at.

    That is what shares a name with another block's, and all of it if labels of a view were put in place of its own.
    """
    together: dict[str, list[Block]] = {}
    for block in blocks:
        for name in {labels.get(NAME, "") for labels in block.labels}:
            together.setdefault(name, []).append(block)
    for name, several in together.items():
        if len(several) > 1 or replaced:
            require_distinct(labels for block in several for labels in block.labels if labels.get(NAME, "") == name)


_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Columns = Mapping[str, "Sequence[object] | NDArray[Any]"]
Many = int | Columns


def one(name: str, labels: Mapping[str, object]) -> dict[str, str]:
    """A label set; an empty value is no label."""
    if not _METRIC.fullmatch(str(name)):
        raise UsageError(f"{name!r} is no name of a metric: letters, digits, _ and :, and no digit first")
    wrong = [each for each in labels if not _LABEL.fullmatch(each) or each == NAME]
    if wrong:
        raise UsageError(f"{wrong[0]!r} is no name of a label")
    return {NAME: name, **{each: str(value) for each, value in labels.items() if str(value)}}


def many(name: str, number: Many, labels: Mapping[str, object]) -> list[dict[str, str]]:
    """A label set for each number, or for each row of the columns."""
    common = one(name, labels)
    if not isinstance(number, int | Mapping):
        raise UsageError(f"{name}: how many? A number such as 1000, or label arrays such as {{'zone': ['a', 'b']}}")
    columns: Columns = {"series": range(number)} if isinstance(number, int) else number
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise UsageError(f"{name}: how many? A number, or label arrays of one length, not {sorted(lengths)}")
    one(name, dict.fromkeys(columns, "x"))
    names, rows = tuple(columns), [tuple(map(str, row)) for row in zip(*columns.values(), strict=True)]
    if len(set(rows)) < len(rows):
        twice = next(row for row in rows if rows.count(row) > 1)
        raise UsageError(f"{name}: {dict(zip(names, twice, strict=True))} is in these label arrays twice: each once")
    return [{**common, **dict(zip(names, row, strict=True))} for row in rows]
