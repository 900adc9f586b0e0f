"""Names of series and labels: which no server takes, and which only a Prometheus of version 3 does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from metricrig.metrics.store.errors import Unkeepable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from metricrig.metrics.timeline.block import Block

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
