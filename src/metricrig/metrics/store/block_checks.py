"""Checks of a block before it is sent: refused are the labels, times and names that its server would drop or change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from metricrig.metrics.store.errors import Unkeepable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
    row = next((row for row, lost_of_series in enumerate(lost) if lost_of_series.any()), None)
    if row is not None:
        at = int(block.times[lost[row]][0])
        raise Unkeepable(url, series=block.labels[row], reason=limits.about_time(at), samples=int(lost.sum()))


NAME = "__name__"
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
UNICODE_SINCE = 3
"""The version of Prometheus that takes names of any characters."""


def refused(labels: Mapping[str, str], *, unicode: Callable[[], bool] = lambda: True) -> str:
    """Why a server would not keep this series under its names; empty if it would.

    ``unicode`` says whether it takes names of any characters; it is asked if there are such.
    """
    if not labels.get(NAME):
        return "it has no name"
    if "" in labels:
        return "it has a label without a name"
    odd = next((name for name in labels if not _LABEL.match(name)), "")
    odd = odd or ("" if _METRIC.match(labels[NAME]) else labels[NAME])
    if odd and not unicode():
        return f"{odd!r} is a name for Prometheus {UNICODE_SINCE}; older ones drop what is not [a-zA-Z_][a-zA-Z0-9_]*"
    return ""


class NameCheck:
    """Blocks on their way to a Prometheus, which drops what it cannot name and answers well. Names recur."""

    def __init__(self, url: str, unicode: Callable[[], bool]) -> None:
        self._url = url
        self._unicode = unicode
        self._sound: set[tuple[str, ...]] = set()

    def __call__(self, block: Block) -> None:
        """An error if the server would drop a series of it."""
        for row, labels in enumerate(block.labels):
            shape = (labels.get(NAME, ""), *labels)
            if shape in self._sound:
                continue
            if reason := refused(labels, unicode=self._unicode):
                samples = int(block.present[row].sum())
                raise Unkeepable(self._url, series=labels, reason=reason, samples=samples)
            self._sound.add(shape)
