"""The excerpt of a log that a report shows: its worst lines and its last ones, in their order, the rest counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORST, LAST = 10, 10
"""How many lines of each kind are shown."""

# Words of severity as programs write them, the worst first: PostgreSQL "FATAL:", Redis "# Fatal", Go "panic:".
_BAD = (
    re.compile(r"\b(FATAL|PANIC|EMERG|ALERT|CRITICAL|CRIT|SEVERE)\b|\b[Ff]atal\b|\bpanic\b|Traceback \(most recent"),
    re.compile(r"\bERROR\b|\b[Ee]rror\b|[a-z]Error\b|Exception\b|level=\"?err"),
)


def excerpt(lines: Sequence[str], *, full: bool = False) -> list[str]:
    """These lines, or what matters of them; runs of others are a line that says how many."""
    if full or len(lines) <= WORST + LAST:
        return list(lines)
    chosen = {*_worst(lines), *range(len(lines) - LAST, len(lines))}
    return list(_folded(lines, chosen))


def _worst(lines: Sequence[str]) -> list[int]:
    """The places of the worst lines; of equally bad ones the last, because what came first may have been mended."""
    ranked = [(rank, -place) for place, line in enumerate(lines) if (rank := _rank(line)) is not None]
    return [-place for _, place in sorted(ranked)[:WORST]]


def _rank(line: str) -> int | None:
    return next((rank for rank, pattern in enumerate(_BAD) if pattern.search(line)), None)


def _folded(lines: Sequence[str], chosen: set[int]) -> Iterator[str]:
    skipped = 0
    for place, line in enumerate(lines):
        if place not in chosen:
            skipped += 1
            continue
        if skipped:
            yield f"… {skipped} lines"
        skipped = 0
        yield line
