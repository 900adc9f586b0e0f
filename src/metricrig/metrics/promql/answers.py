"""JSON of the query API as results."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from metricrig.metrics.promql.errors import QueryFailed
from metricrig.metrics.results import Matrix, Sample, Scalar, Series, Vector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.metrics.http import Answer

_SHOWN = 300
_BARE = re.compile(rb"[+-]Inf\b")


def data(answer: Answer, query: str, url: str) -> Any:
    """What the answer carries, or the server's own error."""
    try:
        said = json.loads(answer.body)
    except ValueError:
        said = None
    if answer.ok and isinstance(said, dict) and said.get("status") == "success":
        return said.get("data")
    if isinstance(said, dict) and "error" in said:
        kind, message = str(said.get("errorType", "error")), str(said["error"])
    else:
        kind, message = "no JSON of this API", answer.text[:_SHOWN] or "an empty body"
    raise QueryFailed(query, url=url, status=answer.status, kind=kind, message=message)


def vector(found: Mapping[str, Any], hidden: str | None) -> Vector | Scalar:
    """The answer to an instant query."""
    if found["resultType"] == "scalar":
        time, value = found["result"]
        return Scalar(float(time), float(value))
    samples = [
        Sample(_shown(each["metric"], hidden), float(each["value"][0]), float(each["value"][1]))
        for each in found["result"]
    ]
    return Vector(tuple(samples))


def matrix(found: Mapping[str, Any], hidden: str | None, steps: tuple[float, ...] = ()) -> Matrix:
    """The answer to a range query, or to an instant one of a range such as ``up[5m]``."""
    several = [
        Series(
            _shown(each["metric"], hidden),
            tuple(float(time) for time, _ in each["values"]),
            tuple(float(value) for _, value in each["values"]),
        )
        for each in found["result"]
    ]
    return Matrix(tuple(several), steps)


def exported(lines: bytes, hidden: str | None) -> Matrix:
    """The lines of VictoriaMetrics' export, one for a block of a series; null is a NaN."""
    merged: dict[tuple[tuple[str, str], ...], list[tuple[int, float]]] = {}
    for line in lines.splitlines():
        each = _exported(line)
        labels = tuple(sorted(_shown(each["metric"], hidden).items()))
        values = (float("nan") if value is None else float(value) for value in each["values"])
        merged.setdefault(labels, []).extend(zip(each["timestamps"], values, strict=True))
    return Matrix(tuple(_series(dict(labels), points) for labels, points in merged.items()))


def _exported(line: bytes) -> Any:
    """1.79 writes an infinity as +Inf or -Inf, which no JSON is; newer ones put its name in quotes."""
    if b"Inf" not in line:
        return json.loads(line)
    start, values, rest = line.partition(b'"values":[')
    return json.loads(start + values + _BARE.sub(rb'"\g<0>"', rest))


def without(several: Sequence[Mapping[str, str]], hidden: str | None) -> list[dict[str, str]]:
    """Label sets without the hidden label."""
    return [_shown(each, hidden) for each in several]


def _series(labels: dict[str, str], points: list[tuple[int, float]]) -> Series:
    points.sort(key=lambda point: point[0])
    return Series(labels, tuple(time / 1000 for time, _ in points), tuple(value for _, value in points))


def _shown(labels: Mapping[str, str], hidden: str | None) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != hidden}
