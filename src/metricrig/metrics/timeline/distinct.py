"""Series that are not told twice: an engine would keep one of two values, and nobody can say which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.results.labels import NAME, identity, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
