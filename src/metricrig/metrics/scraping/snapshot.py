"""Snapshots: all values of a page, and what differs between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from metricrig.metrics.exposition.model import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from metricrig.metrics.exposition import Labels, Page

    Key = tuple[str, Labels]

_MOST_SERIES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Amount:
    """From one value to another."""

    before: float
    after: float

    @property
    def change(self) -> float:
        """How much it went up."""
        return self.after - self.before

    def __str__(self) -> str:
        sign = "+" if self.change >= 0 else ""
        return f"{sign}{plain(self.change)} ({plain(self.before)} -> {plain(self.after)})"


@dataclass(frozen=True, slots=True)
class Difference:
    """What lies between two snapshots, by name and labels."""

    added: Mapping[Key, float]
    removed: Mapping[Key, float]
    changed: Mapping[Key, Amount]

    def only(self, wanted: Callable[[str], bool]) -> Difference:
        """The part whose names are wanted."""
        return Difference(
            added={key: value for key, value in self.added.items() if wanted(key[0])},
            removed={key: value for key, value in self.removed.items() if wanted(key[0])},
            changed={key: amount for key, amount in self.changed.items() if wanted(key[0])},
        )

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def lines(self) -> list[str]:
        """One for each series: what was added, what is gone, and what has another value."""
        return [
            *(f"+ {_shown(key)} {plain(value)}" for key, value in self.added.items()),
            *(f"- {_shown(key)} {plain(value)}" for key, value in self.removed.items()),
            *(f"~ {_shown(key)} {amount}" for key, amount in self.changed.items()),
        ]

    def __repr__(self) -> str:
        if not self:
            return "<Difference: none>"
        lines = [f"  {line}" for line in self.lines()]
        more = [f"  … {len(lines) - _MOST_SERIES_SHOWN} more"] if len(lines) > _MOST_SERIES_SHOWN else []
        head = f"<Difference: {len(self.added)} added, {len(self.removed)} removed, {len(self.changed)} changed"
        return "\n".join([head, *lines[:_MOST_SERIES_SHOWN], *more]) + ">"


class Snapshot:
    """All values of a page. ``later - earlier`` is a Difference."""

    def __init__(self, page: Page) -> None:
        self.values: dict[Key, float] = {(each.name, each.labels): each.value for each in page}

    def __sub__(self, earlier: Snapshot) -> Difference:
        now, then = self.values, earlier.values
        kept = [key for key in now if key in then]
        return Difference(
            added=_only(now, (key for key in now if key not in then)),
            removed=_only(then, (key for key in then if key not in now)),
            changed={key: Amount(then[key], now[key]) for key in kept if _differ(then[key], now[key])},
        )

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self)} series>"


def _only(values: Mapping[Key, float], keys: Iterable[Key]) -> dict[Key, float]:
    return {key: values[key] for key in keys}


def _differ(one: float, other: float) -> bool:
    return one != other and not (isnan(one) and isnan(other))


def _shown(key: Key) -> str:
    name, labels = key
    return f"{name}{labels or ''}"
