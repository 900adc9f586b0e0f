"""Expected results: what is expected depends on which engine has answered, and is computed when they are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from metricrig.metrics.expect.engine import meant, remark
from metricrig.metrics.results import Matrix, Result, Series, Vector, VectorSample, bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metricrig.metrics.expect.engine import Engine
    from metricrig.metrics.expect.grouping import Row
    from metricrig.metrics.expect.query import ExpectedValues, Mask, Query
    from metricrig.metrics.results import Product
    from metricrig.metrics.results.content import Content


R = TypeVar("R", Matrix, Vector)


@dataclass(slots=True, eq=False)
class Question(Generic[R]):
    """A query, how each engine answers it, and which one was chosen to; else it is the one that has answered."""

    asked: Query
    answered: Callable[[Engine], Sequence[Row]]
    engine: Engine | None
    made: Callable[[Sequence[Row], Query], R]
    _known: dict[Engine, R] = field(default_factory=dict)

    def of(self, answer: object = None) -> R:
        """What is expected of whoever has given this answer."""
        engine = meant(self.engine, _product(answer))
        if engine not in self._known:
            self._known[engine] = self.made(self.answered(engine), self.asked)
        return self._known[engine]

    def remark(self, answer: object) -> str:
        """What has to be said about the engines if that answer differs."""
        return remark(self.engine, _product(answer))


class _Expectation(Result):
    """What both kinds have in common."""

    __slots__ = ()

    is_expectation: ClassVar[bool] = True
    notes = ()
    product = None
    question: Question[Any]

    def against(self, answer: Content) -> Content:
        """As it is answered by the engine that has given this answer."""
        expected: Content = self.question.of(answer)
        return expected

    def remark(self, answer: object) -> str:
        """Which engine this was computed for, where that explains a difference."""
        return self.question.remark(answer)


class ExpectedMatrix(_Expectation, Matrix):
    """What a range query should answer: read as a ``Matrix``, it is that of the chosen engine."""

    __slots__ = ("question",)

    question: Question[Matrix]

    def __init__(self, question: Question[Matrix]) -> None:
        object.__setattr__(self, "question", question)

    @property
    def series(self) -> tuple[Series, ...]:
        """The series that are expected."""
        return self.plain().series

    def plain(self) -> Matrix:
        """As it is answered by the chosen engine, or else by the newest VictoriaMetrics."""
        return self.question.of()

    @property
    def steps(self) -> tuple[float, ...]:
        """The times that are asked for."""
        return tuple((self.question.asked.points / 1000).tolist())


class ExpectedVector(_Expectation, Vector):
    """What an instant query should answer: read as a ``Vector``, it is that of the chosen engine."""

    __slots__ = ("question",)

    question: Question[Vector]

    def __init__(self, question: Question[Vector]) -> None:
        object.__setattr__(self, "question", question)

    @property
    def samples(self) -> tuple[VectorSample, ...]:
        """The samples that are expected."""
        return self.plain().samples

    def plain(self) -> Vector:
        """As it is answered by the chosen engine, or else by the newest VictoriaMetrics."""
        return self.question.of()


Expected = ExpectedMatrix | ExpectedVector


def expected(asked: Query, answered: Callable[[Engine], Sequence[Row]], engine: Engine | None) -> Expected:
    """The expectation of a query's kind."""
    if asked.single:
        return ExpectedVector(Question(asked, answered, engine, _vector))
    return ExpectedMatrix(Question(asked, answered, engine, _matrix))


def _matrix(rows: Sequence[Row], query: Query) -> Matrix:
    """A series for each row that has a value anywhere."""
    seconds = query.points / 1000
    series = [
        Series(dict(labels), tuple(seconds[answer.there].tolist()), _numbers(answer, answer.there))
        for labels, answer in rows
        if answer.there.any()
    ]
    return Matrix(tuple(series), tuple(seconds.tolist()))


def _vector(rows: Sequence[Row], query: Query) -> Vector:
    """A sample for each row that has a value."""
    time = float(query.points[0] / 1000)
    found = [
        VectorSample(dict(labels), time, *_numbers(answer, answer.there)) for labels, answer in rows if answer.there[0]
    ]
    return Vector(tuple(found))


def _numbers(answer: ExpectedValues, there: Mask) -> tuple[float, ...]:
    """Plain where they are certain."""
    values, below, above = answer.values[there], answer.below[there], answer.above[there]
    if not (below.any() or above.any()):
        return tuple(values.tolist())
    return tuple(
        bounded(value, low, high) if low or high else value
        for value, low, high in zip(values.tolist(), below.tolist(), above.tolist(), strict=True)
    )


def _product(answer: object) -> Product | None:
    return answer.product if isinstance(answer, Result) else None
