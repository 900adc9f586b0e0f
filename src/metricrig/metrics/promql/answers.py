"""The reader of the query API's JSON: a result with all of it, or an error that says what is missing."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import MetricrigError
from metricrig.metrics.results import Matrix, Scalar, Series, String, Vector, VectorSample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from metricrig.metrics.http.client import HttpAnswer
    from metricrig.metrics.results import Product


class QueryFailed(MetricrigError):
    """The server did not answer a query with a result: ``kind`` and ``message`` are its own words."""

    def __init__(self, query: str, *, url: str, status: int, kind: str, message: str) -> None:
        self.query = query
        self.url = url
        self.status = status
        self.kind = kind
        self.message = message
        super().__init__(f"{query}\n  {url} answered {status}: {kind}: {message}")


class PartialAnswer(QueryFailed):
    """The server itself says that data are missing from its answer: ``result`` is what there is, ``why`` its words.

    To take such an answer is to say so: ``except PartialAnswer as partial: ... partial.result``.
    """

    def __init__(self, query: str, *, url: str, status: int, why: Sequence[str], result: Any) -> None:
        self.why = tuple(why)
        self.result = result
        super().__init__(
            query,
            url=url,
            status=status,
            kind="partial",
            message="; ".join(why) + "\n  what to do: mend what it names, or take it as it is: "
            "except PartialAnswer as partial: partial.result",
        )


_MOST_CHARACTERS_SHOWN = 300
_LATEST_SECOND = 1e13
"""Seconds: three hundred thousand years, of which a float still knows milliseconds."""
_BARE_INFINITY = re.compile(rb"[+-]Inf\b")
# What the engine itself remarks on a query; any other warning is about data that it could not get.
_ENGINE_REMARK_PREFIX = "PromQL "


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """What an answer carries.

    ``missing`` says why some of it is not there, ``notes`` what the engine remarked on the query.
    """

    query: str
    url: str
    answer: HttpAnswer
    content: Any
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def whole(self, result: Any) -> Any:
        """The result made of it, unless the server says that it is not all."""
        if self.missing:
            raise PartialAnswer(self.query, url=self.url, status=self.answer.status, why=self.missing, result=result)
        return result

    def failure(self, kind: str, message: str) -> QueryFailed:
        """The error that shows a message instead of a result."""
        return QueryFailed(self.query, url=self.url, status=self.answer.status, kind=kind, message=message)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """A block that makes a result of the content, of whatever shape that is."""
        try:
            yield self.content
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError):
            shown = str(self.content)[:_MOST_CHARACTERS_SHOWN]
            raise self.failure("an answer that is none of this API", shown) from None


def found(answer: HttpAnswer, query: str, url: str) -> QueryAnswer:
    """What the answer carries, or the server's own error."""
    bare = QueryAnswer(query, url, answer, None)
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or ("error" not in said and said.get("status") != "success"):
        raise bare.failure("no JSON of this API", answer.text[:_MOST_CHARACTERS_SHOWN] or "an empty body")
    if not answer.ok or said.get("status") != "success":
        raise bare.failure(str(said.get("errorType", "error")), str(said.get("error", said))[:_MOST_CHARACTERS_SHOWN])
    with bare.reading():
        remarks = [str(each) for kind in ("warnings", "infos") for each in said.get(kind) or ()]
    missing = [each for each in remarks if not each.startswith(_ENGINE_REMARK_PREFIX)]
    if said.get("isPartial"):
        missing.append("isPartial: some of the storage did not answer")
    notes = tuple(each for each in remarks if each.startswith(_ENGINE_REMARK_PREFIX))
    return QueryAnswer(query, url, answer, said.get("data"), tuple(missing), notes)


def instant(said: QueryAnswer, hidden: str | None, product: Product | None = None) -> Matrix | Vector | Scalar | String:
    """The answer to an instant query: for a range such as ``up[5m]``, it is a matrix."""
    with said.reading() as content:
        kind, result = content["resultType"], content["result"]
        if kind == "matrix":
            return _matrix(said, result, hidden, (), product)
        if kind == "string":
            return String(_moment(result[0]), str(result[1]), notes=said.notes)
        if kind == "scalar":
            return Scalar(_moment(result[0]), float(result[1]), notes=said.notes)
        _refuse_histograms(said, result)
        return Vector(tuple(_sample(each, hidden) for each in result), notes=said.notes, product=product)


def matrix(said: QueryAnswer, hidden: str | None, steps: tuple[float, ...], product: Product | None = None) -> Matrix:
    """The answer to a range query."""
    with said.reading() as content:
        return _matrix(said, content["result"], hidden, steps, product)


def exported(answer: HttpAnswer, hidden: str | None, query: str, url: str) -> Matrix:
    """The lines of VictoriaMetrics' export, one for a block of a series; null is a NaN."""
    if not answer.ok:
        found(answer, query, url)
    merged: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    for line in answer.body.splitlines():
        with QueryAnswer(query, url, answer, line).reading():
            each = _exported(line)
            labels = tuple(sorted(_shown(each["metric"], hidden).items()))
            values = (float("nan") if value is None else float(value) for value in each["values"])
            moments = (_moment(time / 1000) for time in each["timestamps"])
            merged.setdefault(labels, []).extend(zip(moments, values, strict=True))
    return Matrix(tuple(_series(dict(labels), points) for labels, points in merged.items()))


def without(several: Sequence[Mapping[str, str]], hidden: str | None) -> list[dict[str, str]]:
    """Label sets without the hidden label."""
    return [_shown(each, hidden) for each in several]


def _matrix(
    said: QueryAnswer, result: Any, hidden: str | None, steps: tuple[float, ...], product: Product | None
) -> Matrix:
    _refuse_histograms(said, result)
    several = [
        Series(
            _shown(each["metric"], hidden),
            tuple(_moment(time) for time, _ in each["values"]),
            tuple(float(value) for _, value in each["values"]),
        )
        for each in result
    ]
    return Matrix(tuple(several), steps, notes=said.notes, product=product)


def _sample(each: Any, hidden: str | None) -> VectorSample:
    time, value = each["value"]
    return VectorSample(_shown(each["metric"], hidden), _moment(time), float(value))


def _moment(said: Any) -> float:
    """A time in seconds; beyond these there is no answer, but damage."""
    time = float(said)
    if not abs(time) < _LATEST_SECOND:
        raise ValueError(f"{said!r} is no time")
    return time


def _refuse_histograms(said: QueryAnswer, result: Any) -> None:
    """Native ones are no numbers, and results are: to leave them out would be to lose them."""
    which = [each["metric"] for each in result if "histogram" in each or "histograms" in each]
    if which:
        raise said.failure(
            "native histograms",
            f"{len(which)} of {len(result)} series have them, and they are no numbers; the first is {which[0]}\n"
            f"  what to do: ask for numbers: histogram_count(x), histogram_sum(x), histogram_avg(x), or"
            f" histogram_quantile(0.9, x)",
        )


def _exported(line: bytes | bytearray) -> Any:
    """1.79 writes an infinity as +Inf or -Inf, which no JSON is; newer ones put its name in quotes."""
    if b"Inf" not in line:
        return json.loads(line)
    start, values, rest = line.partition(b'"values":[')
    return json.loads(start + values + _BARE_INFINITY.sub(rb'"\g<0>"', rest))


def _series(labels: dict[str, str], points: list[tuple[float, float]]) -> Series:
    points.sort(key=lambda point: point[0])
    return Series(labels, tuple(time for time, _ in points), tuple(value for _, value in points))


def _shown(labels: Mapping[str, str], hidden: str | None) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != hidden}
