"""Whether all of a block will be kept, in one quick look; a closer one only at what might not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.metrics.store.errors import Unkeepable
from metricrig.metrics.timeline._numpy import np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.metrics.store.limits import StorageLimits
    from metricrig.metrics.timeline.block import Block


def refuse(block: Block, limits: StorageLimits, extra: Mapping[str, str], url: str) -> None:
    """An error if the server would drop or change some of it; ``extra`` labels come to all series on the way."""
    if not len(block.labels):
        return
    _refuse_labels(block, limits, extra, url)
    _refuse_times(block, limits, url)


def _refuse_labels(block: Block, limits: StorageLimits, extra: Mapping[str, str], url: str) -> None:
    if _plain(block.labels, limits, extra):
        return
    said = [limits.about_labels({**labels, **extra}) for labels in block.labels]
    rows = [row for row, reason in enumerate(said) if reason and block.present[row].any()]
    if rows:
        samples = int(block.present[rows].sum())
        raise Unkeepable(url, series=block.labels[rows[0]], reason=said[rows[0]], samples=samples)


def _plain(several: Sequence[Mapping[str, str]], limits: StorageLimits, extra: Mapping[str, str]) -> bool:
    """By the greatest numbers of all series together: a hundred thousand are looked at one by one in 0.2 s."""
    if not all(labels.get("__name__") for labels in several):
        return False
    names = set(extra).union(*several)
    longest = max(len(value) for labels in (*several, extra) for value in labels.values())
    most = max(map(len, several)) + len(extra)
    return limits.harmless(labels=most, name=max(map(len, names)), value=longest)


def _refuse_times(block: Block, limits: StorageLimits, url: str) -> None:
    first, last = limits.span()
    outside = (block.times < first) | (block.times > last)
    if not outside.any():
        return
    lost = block.present & outside
    rows = np.flatnonzero(lost.any(axis=1))
    if len(rows):
        at = int(block.times[lost[rows[0]]][0])
        raise Unkeepable(url, series=block.labels[int(rows[0])], reason=limits.about_time(at), samples=int(lost.sum()))
