"""What a VictoriaMetrics keeps, read from its own settings: what it would drop or cut is refused before it is sent.

All of this was measured on 1.79.5 and 1.128.0.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig.metrics.store.errors import short

if TYPE_CHECKING:
    from collections.abc import Mapping

_FLAG = re.compile(r'^flag\{name="([^"]+)", value="((?:[^"\\]|\\.)*)"', re.MULTILINE)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([hdwyM]?)\Z")
_DAY_SECONDS = 86_400.0
# A bare number is of months, and a month of 31 days.
_SECONDS = {
    "h": 3600.0,
    "d": _DAY_SECONDS,
    "w": 7 * _DAY_SECONDS,
    "y": 365 * _DAY_SECONDS,
    "M": 31 * _DAY_SECONDS,
    "": 31 * _DAY_SECONDS,
}
# A fixed one before there was a flag.
_NAME_BYTES = 256
# All labels stand in one item of the index, of 64 KiB with its own numbers; 1.79 drops a longer one and counts nothing.
_SERIES_BYTES = 64_000
_BYTES_PER_LABEL = 2
_FUTURE_SECONDS = 2 * _DAY_SECONDS
_NO_LIMIT_SECONDS = 1e15  # seconds, where a server does not tell its limits
# What these drop or change depends on more than the sample.
_UNFORESEEN = {
    "relabelConfig": "",
    "streamAggr.config": "",
    "storage.maxHourlySeries": "0",
    "storage.maxDailySeries": "0",
}


@dataclass(frozen=True, slots=True)
class StorageLimits:
    """Limits of one server. Spans are in seconds, before and after now."""

    labels: int
    name_bytes: int
    value_bytes: int
    behind: float
    ahead: float
    certain: bool
    """Whether there are no other reasons to drop anything."""

    def about_labels(self, labels: Mapping[str, str]) -> str:
        """Why this series would not be kept as it is; empty if it would."""
        kept = {name.encode(): value.encode() for name, value in labels.items() if value}
        if not kept:
            return "a series without any label"
        if len(kept) > self.labels:
            return f"it has {len(kept)} labels, and the most is {self.labels} (-maxLabelsPerTimeseries)"
        name = max(kept, key=len)
        if len(name) > self.name_bytes:
            return f"a label's name has {len(name)} bytes, and the most is {self.name_bytes} (-maxLabelNameLen)"
        name = max(kept, key=lambda each: len(kept[each]))
        if len(kept[name]) > self.value_bytes:
            most = f"the most is {self.value_bytes} (-maxLabelValueLen)"
            return f"the value of {short(name.decode())} has {len(kept[name])} bytes, and {most}"
        size = sum(len(name) + len(value) + _BYTES_PER_LABEL for name, value in kept.items())
        return f"all its labels have {size} bytes, and the most is {_SERIES_BYTES}" if size > _SERIES_BYTES else ""

    def harmless(self, *, labels: int, name: int, value: int) -> bool:
        """Whether series with at most so many labels, of so many characters, need no closer look."""
        widest = 4  # bytes of a character in UTF-8
        size = labels * ((name + value) * widest + _BYTES_PER_LABEL)
        return (
            labels <= self.labels
            and name * widest <= self.name_bytes
            and value * widest <= self.value_bytes
            and size <= _SERIES_BYTES
        )

    def span(self) -> tuple[int, int]:
        """The first and last millisecond that it keeps now."""
        now = time.time()
        first, last = max(0.0, now - self.behind), min(now + self.ahead, _NO_LIMIT_SECONDS)
        return round(first * 1000), round(last * 1000)

    def about_time(self, at: int) -> str:
        """Why a sample at this millisecond would not be kept."""
        first, last = self.span()
        if at < first:
            return f"{at / 1000:.3f} is older than {first / 1000:.3f} (-retentionPeriod), or than 1970"
        if at > last:
            return f"{at / 1000:.3f} is too far in the future: the last is {last / 1000:.3f}, {self.ahead:g} s from now"
        return ""


def limits_of(page: str) -> StorageLimits:
    """From the flags on its metrics page, which has those at their defaults too."""
    flags = dict(_FLAG.findall(page))
    behind, ahead = _span(flags.get("retentionPeriod", "")), _span(flags.get("futureRetention", ""))
    return StorageLimits(
        labels=_whole(flags, "maxLabelsPerTimeseries", 30),
        name_bytes=_whole(flags, "maxLabelNameLen", _NAME_BYTES),
        value_bytes=_whole(flags, "maxLabelValueLen", 1024),
        behind=float("inf") if behind is None else behind,
        ahead=_FUTURE_SECONDS if ahead is None else ahead,
        certain=behind is not None and all(flags.get(name, usual) == usual for name, usual in _UNFORESEEN.items()),
    )


def _whole(flags: Mapping[str, str], name: str, usual: int) -> int:
    said = flags.get(name, "")
    return int(said) if said.isascii() and said.isdecimal() and int(said) else usual


def _span(words: str) -> float | None:
    found = _SPAN.match(words)
    return float(found[1]) * _SECONDS[found[2]] if found else None
