"""Aggregation: which series come together, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig._core.errors import UsageError
from metricrig.metrics.timeline._numpy import np
from metricrig.metrics.timeline.rows import NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from metricrig.metrics.expect.query import Answer

    Labels = Mapping[str, str]
    Row = tuple[Labels, Answer]
    By = str | Sequence[str] | None


def names(by: By) -> tuple[str, ...]:
    """``by`` as typed: nothing, one label or several."""
    return (by,) if isinstance(by, str) else tuple(by or ())


def grouped(rows: Iterable[Row], by: Iterable[str]) -> dict[tuple[tuple[str, str], ...], list[Answer]]:
    """The answers that share these labels."""
    wanted = tuple(by)
    groups: dict[tuple[tuple[str, str], ...], list[Answer]] = {}
    for labels, answer in rows:
        key = tuple((name, labels[name]) for name in wanted if labels.get(name))
        groups.setdefault(key, []).append(answer)
    return groups


def summed(rows: Iterable[Row], by: Iterable[str]) -> list[Row]:
    """``sum by (...)``: absent where none of them is there."""
    return [(dict(key), _total(answers)[:2]) for key, answers in grouped(rows, by).items()]


def averaged(rows: Iterable[Row], by: Iterable[str]) -> list[Row]:
    """``avg by (...)``."""
    result: list[Row] = []
    for key, answers in grouped(rows, by).items():
        total, there, count = _total(answers)
        result.append((dict(key), (total / np.maximum(count, 1), there)))
    return result


def _total(answers: Sequence[Answer]) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    values = np.stack([answer[0] for answer in answers])
    there = np.stack([answer[1] for answer in answers])
    count: NDArray[np.int64] = there.sum(axis=0)
    return np.where(there, values, 0.0).sum(axis=0), count > 0, count


def unnamed(rows: Iterable[Row]) -> list[Row]:
    """Without the metric's name, as functions answer; two series must not become one."""
    result: list[Row] = [
        ({name: value for name, value in labels.items() if name != NAME}, answer) for labels, answer in rows
    ]
    keys = [tuple(sorted(labels.items())) for labels, _ in result]
    if len(set(keys)) < len(keys):
        raise UsageError("without their metric's name two of these series are the same: engines refuse that; use by=")
    return result
