"""The blocks of one write, each checked first; and samples of them that have to be visible afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig.metrics.results.labels import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from metricrig.metrics.timeline.block import Block

_SAMPLES_PER_BLOCK = 4  # more cost a millisecond each four, of a store whose caches a write has just emptied
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True, eq=False)
class WrittenSample:
    """A sample that was written: when it is visible, so is what was written with it."""

    labels: Mapping[str, str]
    time: int

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """Its labels; one without a value is none."""
        return {pair for pair in self.labels.items() if pair[1]}

    @property
    def selector(self) -> str:
        """The series in PromQL."""
        pairs = ((name, value) for name, value in self.labels.items() if value and _PLAIN.match(name))
        return "{" + ",".join(f"{name}={quoted(value)}" for name, value in sorted(pairs)) + "}"


@dataclass(slots=True)
class CheckedBlocks:
    """Blocks on their way, each checked before: where to look for them afterwards, and how many NaN they hold."""

    source: Any
    check: Callable[[Block], None] = lambda _: None
    written_samples: list[WrittenSample] = field(default_factory=list)
    """Some from everywhere: requests are taken in apart from each other."""
    nans: int = 0

    @property
    def last(self) -> list[WrittenSample]:
        """The last in time, and the one written last, which mostly are the same."""
        if not self.written_samples:
            return []
        last, latest = self.written_samples[-1], max(self.written_samples, key=lambda each: each.time)
        return [last] if latest.time == last.time else [latest, last]

    def __iter__(self) -> Iterator[Block]:
        for block in blocks_of(self.source):
            self.check(block)
            yield block
            summary = summary_of(block)  # after: it is looked at while its last requests are under way
            self.nans += summary.nans
            self.written_samples += summary.written_samples
            if len(self.written_samples) > 2 * _SAMPLES_PER_BLOCK:
                self.written_samples = [*dict.fromkeys([*self.written_samples[::2], *self.last])]


def blocks_of(source: Any) -> Iterable[Block]:
    """A timeline, a block, or blocks."""
    if hasattr(source, "blocks"):
        found: Iterable[Block] = source.blocks() if callable(source.blocks) else source.blocks
        return found
    if hasattr(source, "present"):
        return [source]
    if not hasattr(source, "__iter__"):
        raise UsageError(f"expected a Timeline, a Block or several of them, got {type(source).__name__}")
    several: Iterable[Block] = source
    return several


@dataclass(frozen=True, slots=True)
class BlockSummary:
    """What is to be known of one block."""

    written_samples: list[WrittenSample]
    nans: int


def summary_of(block: Block) -> BlockSummary:
    """Samples that are numbers from all over it, the last one last, and how many are NaN, stale markers not counted."""
    from metricrig.metrics.timeline._numpy import np  # noqa: PLC0415 - there if a block is
    from metricrig.metrics.timeline.block import is_stale  # noqa: PLC0415 - see above

    if block.values.size and block.present.all() and not np.isnan(block.values.min()):  # of which a NaN would come out
        rows = np.linspace(0, len(block.labels) - 1, min(len(block.labels), _SAMPLES_PER_BLOCK)).astype(int)
        return BlockSummary([WrittenSample(block.labels[row], int(block.times[-1])) for row in rows], 0)
    empty = np.isnan(block.values)
    numbers = block.present & ~empty
    nans = int((block.present & empty & ~is_stale(block.values)).sum()) if empty.any() else 0
    rows, columns = np.flatnonzero(numbers.any(axis=1)), np.flatnonzero(numbers.any(axis=0))
    if not len(rows):
        return BlockSummary([], nans)
    column = int(columns[-1])
    several = [
        *((int(row), int(np.flatnonzero(numbers[row])[-1])) for row in rows[:: -(-len(rows) // _SAMPLES_PER_BLOCK)]),
        (int(np.flatnonzero(numbers[:, column])[-1]), column),
        (int(rows[-1]), int(np.flatnonzero(numbers[rows[-1]])[-1])),
    ]
    return BlockSummary(
        [WrittenSample(block.labels[row], int(block.times[at])) for row, at in dict.fromkeys(several)], nans
    )
