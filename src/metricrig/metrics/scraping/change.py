"""The amount by which a number has changed while something happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError
from metricrig.metrics.conditions.look import Unknown
from metricrig.metrics.exposition.model import family_of, plain

if TYPE_CHECKING:
    from metricrig.metrics.conditions.expression import Expression
    from metricrig.metrics.conditions.look import Look
    from metricrig.metrics.exposition import Page


class NoChange(MetricrigError):
    """There is no amount by which something changed: ``why``."""

    def __init__(self, what: str, why: str) -> None:
        self.what = what
        self.why = why
        super().__init__(f"the change of {what}: {why}")


@dataclass(slots=True, eq=False, repr=False)
class Change:
    """The difference between two looks. Compare it with a number, after the block.

    A labelled counter does not exist before its first event, so before counts as 0 where there was nothing. Not so
    for what is declared to be a gauge, whose first value may be anything.
    """

    expression: Expression
    first: Look
    last: Look | None = None

    @property
    def before(self) -> float | None:
        """The value before; None if there was none."""
        return _number(self.expression, self.first)

    @property
    def after(self) -> float | None:
        """The value after; None if there was none."""
        return None if self.last is None else _number(self.expression, self.last)

    @property
    def amount(self) -> float:
        """By how much it changed."""
        before, after = self.before, self.after
        if self.last is None:
            raise NoChange(str(self.expression), "the block has not ended yet")
        if before is not None and after is None:
            raise NoChange(str(self.expression), f"it was {plain(before)} before, and is gone")
        if before is None:
            self._require_counters(self.last)
            before = _as_zero(self.expression, self.first)
        return (_as_zero(self.expression, self.last) if after is None else after) - before

    def _require_counters(self, last: Look) -> None:
        """What did not exist before may be taken as 0 if it is one that counts, and is no misspelling."""
        for part in self.expression.parts():
            page = last.pages.get(part.source)
            name = part.reads_name
            if not name or page is None or isinstance(page, MetricrigError):
                continue
            if not page.of_name(name):
                near = page.near(name)
                hint = f"; near it are: {', '.join(near)}" if near else ""
                raise NoChange(str(self.expression), f"there is no series of {name}, before or after{hint}")
            if _is_gauge(page, name) and not _existed(part, self.first):
                raise NoChange(str(self.expression), f"{name} is a gauge that did not exist before, so 0 is no start")

    def __float__(self) -> float:
        return self.amount

    def __eq__(self, other: object) -> bool:
        return self.amount == (other.amount if isinstance(other, Change) else other)

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: float) -> bool:
        return self.amount < other

    def __le__(self, other: float) -> bool:
        return self.amount <= other

    def __gt__(self, other: float) -> bool:
        return self.amount > other

    def __ge__(self, other: float) -> bool:
        return self.amount >= other

    def __repr__(self) -> str:
        try:
            amount = repr(self.amount)
        except NoChange as none:
            amount = f"unknown: {none.why}"
        return f"<Change {amount} ({_shown(self.before)} -> {_shown(self.after)})>"


def _number(expression: Expression, look: Look) -> float | None:
    value = expression.evaluate(look)
    if isinstance(value, Unknown) and not value.missing:
        raise NoChange(str(expression), value.why)
    return None if isinstance(value, Unknown) else value


def _as_zero(expression: Expression, look: Look) -> float:
    value = expression.evaluate(look.with_missing(0.0))
    if isinstance(value, Unknown):
        raise NoChange(str(expression), value.why)
    return value


def _existed(part: Expression, look: Look) -> bool:
    return not isinstance(part.evaluate(look), Unknown)


def _is_gauge(page: Page, name: str) -> bool:
    family = family_of(name, page.families())
    return family is not None and family.type == "gauge"


def _shown(value: float | None) -> str:
    return "nothing" if value is None else plain(value)
