"""Errors of a store that answers well and loses samples all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError

if TYPE_CHECKING:
    from collections.abc import Mapping


class SamplesLost(MetricrigError):
    """The store accepted writes and dropped or changed samples of them, or would have: see ``Unkeepable``.

    ``reasons`` has how many for which reason, such as one of its counters; ``samples`` were written since those were
    last known to be complete.
    """

    def __init__(self, url: str, reasons: Mapping[str, int], samples: int, *, message: str = "") -> None:
        self.url = url
        self.reasons = dict(reasons)
        self.samples = samples
        lines = "".join(f"\n  {count} by {reason}" for reason, count in reasons.items())
        super().__init__(
            message
            or f"{url} answered well to {samples} samples, and has dropped or changed some:{lines}\n"
            f"  (its counters are of the whole server: another writer's losses at the same time are among them)"
        )


class Unkeepable(SamplesLost):
    """A block was not sent, because the server would have dropped or changed ``samples`` of it without a word.

    ``series`` is the first of them.
    """

    def __init__(self, url: str, *, series: Mapping[str, str], reason: str, samples: int) -> None:
        self.series = dict(series)
        shown = ", ".join(f"{short(name)}={short(value)!r}" for name, value in sorted(series.items()))
        super().__init__(
            url,
            {reason: samples},
            samples,
            message=f"{url} would silently drop or change {samples} samples, so the block with them was not sent\n"
            f"  {{{short(shown, 400)}}}: {reason}",
        )


def short(words: str, most: int = 60) -> str:
    """Its beginning."""
    return words if len(words) <= most else f"{words[:most]}…"
