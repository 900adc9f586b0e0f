"""A sample, checked before it is sent: stores differ in what they do to a wrong one, and some say nothing."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.errors import InvalidSample

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_LAST = 2**63 - 1


def _now() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series at one moment, in milliseconds since 1970."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    timestamp: int = field(default_factory=_now)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidSample(
                f"{self.name!r} is no name of a metric: letters, digits, _ and :, and no digit in front, such as"
                " orders_total"
            )
        if math.isnan(self.value):
            raise InvalidSample("NaN is no value: some stores answer that they took it, and keep nothing")
        if abs(self.timestamp) > _LAST:
            raise InvalidSample("its time is more than a store can count: seconds since 1970, such as 1704067200")
        for name, value in self.labels.items():
            _check_label(name, value)


def milliseconds(seconds: float | None) -> int:
    """The unit of the protocol; now unless a moment is given."""
    if seconds is None:
        return _now()
    if not math.isfinite(seconds):
        raise InvalidSample(f"{seconds} is no time: seconds since 1970, such as 1704067200")
    return round(seconds * 1000)


def _check_label(name: str, value: str) -> None:
    if not _LABEL.fullmatch(name) or name == "__name__":
        raise InvalidSample(f"{name!r} is no name of a label: letters, digits and _, and no digit in front")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidSample(f"the value of the label {name} is not UTF-8: {error.reason}") from None
    if not value:
        raise InvalidSample(f"the label {name} has no value: to a store it would not be there at all")
