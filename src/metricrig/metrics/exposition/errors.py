"""Errors of pages: what is wrong with one, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_CHARACTERS_SHOWN = 200


class BadPage(MetricrigError):
    """A page that cannot be read: ``why``, with the number and the text of the line that is at fault."""

    def __init__(self, why: str, *, line: int = 0, text: str = "", source: str = "") -> None:
        self.why = why
        self.line = line
        self.text = text
        self.source = source
        where = f"line {line}: " if line else ""
        shown = (
            f"\n  {text if len(text) <= _MOST_CHARACTERS_SHOWN else text[:_MOST_CHARACTERS_SHOWN] + '…'}"
            if line
            else ""
        )
        super().__init__(f"bad metrics page{f' ({source})' if source else ''}: {where}{why}{shown}")


class NotOneSample(MetricrigError, LookupError):
    """One sample was asked for, and there is none or there are several: ``there`` has those of that name."""

    def __init__(self, what: str, *, matching: Sequence[str], there: Sequence[str], near: Sequence[str] = ()) -> None:
        self.what = what
        self.matching = tuple(matching)
        self.there = tuple(there)
        self.near = tuple(near)
        if matching:
            advice = f"{len(matching)} series match: {listed(matching)}\n  name more labels, or take .sum() or .max()"
        elif there:
            advice = f"no series matches; of that name there are: {listed(there)}"
        else:
            advice = "no series of that name" + (f"; near it are: {listed(near)}" if near else "")
        super().__init__(f"{what}: {advice}")


def listed(things: Sequence[str], most: int = 10) -> str:
    """Several things in a row; not all of a thousand."""
    more = f" and {len(things) - most} more" if len(things) > most else ""
    return ", ".join(things[:most]) + more


class BadLine(Exception):
    """A line that cannot be read, before it is known where it stands."""
