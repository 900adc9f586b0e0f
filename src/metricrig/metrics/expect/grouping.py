"""Aggregation by labels: which series are put together, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.expect import sums
from metricrig.metrics.timeline.rows import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.query import ExpectedValues

    Labels = Mapping[str, str]
    Row = tuple[Labels, ExpectedValues]
    By = str | Sequence[str] | None


def names(by: By) -> tuple[str, ...]:
    """``by`` as typed: nothing, one label or several."""
    return (by,) if isinstance(by, str) else tuple(by or ())


def grouped(rows: Iterable[Row], by: Iterable[str]) -> dict[tuple[tuple[str, str], ...], list[ExpectedValues]]:
    """The answers that share these labels."""
    wanted = tuple(by)
    groups: dict[tuple[tuple[str, str], ...], list[ExpectedValues]] = {}
    for labels, answer in rows:
        key = tuple((name, labels[name]) for name in wanted if labels.get(name))
        groups.setdefault(key, []).append(answer)
    return groups


def summed(rows: Iterable[Row], by: Iterable[str], engine: Engine) -> list[Row]:
    """``sum by (...)``: absent where none of them is there."""
    return _each(rows, by, lambda answers: sums.total(answers, engine))


def averaged(rows: Iterable[Row], by: Iterable[str], engine: Engine) -> list[Row]:
    """``avg by (...)``."""
    return _each(rows, by, lambda answers: sums.average(answers, engine))


def _each(
    rows: Iterable[Row], by: Iterable[str], become: Callable[[Sequence[ExpectedValues]], ExpectedValues]
) -> list[Row]:
    return [(dict(key), become(answers)) for key, answers in grouped(rows, by).items()]


def unnamed(rows: Iterable[Row]) -> list[Row]:
    """Without the metric's name, as functions answer."""
    return [({name: value for name, value in labels.items() if name != NAME}, answer) for labels, answer in rows]


def require_distinct(several: Iterable[Labels]) -> None:
    """Refuse what would be two equal series of one answer."""
    keys = [frozenset((name, value) for name, value in labels.items() if name != NAME) for labels in several]
    if len(set(keys)) < len(keys):
        raise UsageError("without their metric's name two of these series are the same: engines refuse that; use by=")
