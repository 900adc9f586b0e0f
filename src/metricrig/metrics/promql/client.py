"""A client of the query API, as Prometheus, VictoriaMetrics, Thanos, Mimir and others have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError
from metricrig.metrics.http import Server
from metricrig.metrics.promql import answers
from metricrig.metrics.promql.moments import Grid, duration, seconds, steps, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.metrics.http import Fields
    from metricrig.metrics.promql.moments import Moment
    from metricrig.metrics.results import Matrix

__all__ = ["Grid", "Promql"]


class Promql:
    """Queries to the server at ``url``; ``parameters`` and ``headers`` go with every request.

    ``hidden`` is a label that results are shown without.
    """

    def __init__(
        self,
        url: str | Server,
        *,
        parameters: Fields = (),
        headers: Mapping[str, str] | None = None,
        within: float = 30.0,
        hidden: str | None = None,
    ) -> None:
        self.server = url if isinstance(url, Server) else Server(url, headers=headers)
        self._parameters = list(parameters)
        self._within = within
        self._hidden = hidden

    @property
    def url(self) -> str:
        """Where the server is, for the program under test too."""
        return self.server.url

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.server.url}>"

    def query(self, expression: str, at: Moment | None = None) -> Any:
        """The value at one moment, now unless it is given: a ``Vector``, ``Scalar``, or ``Matrix`` for ``up[5m]``."""
        when = [] if at is None else [("time", written(seconds(at)))]
        found = self._asked("/api/v1/query", [("query", expression), *when], expression)
        if found["resultType"] == "matrix":
            return answers.matrix(found, self._hidden)
        return answers.vector(found, self._hidden)

    def query_range(self, expression: str, start: Grid | Moment, end: Moment | None = None, step: Any = None) -> Matrix:
        """The values at each step from ``start`` to ``end``, both included; or of a grid, such as a timeline."""
        first, last, stride = _range(start, end, step)
        times = steps(first, last, stride)
        span = [("start", written(first)), ("end", written(last)), ("step", written(stride))]
        found = self._asked("/api/v1/query_range", [("query", expression), *span], expression)
        return answers.matrix(found, self._hidden, times)

    def series(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> list[dict[str, str]]:
        """The label sets that match any of these selectors."""
        found = self._asked("/api/v1/series", _selection(matches, start, end), " or ".join(matches))
        return answers.without(found, self._hidden)

    def labels(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> list[str]:
        """All label names."""
        found = self._got("/api/v1/labels", _selection(matches, start, end), "labels()")
        return [name for name in found if name != self._hidden]

    def label_values(
        self, name: str, *matches: str, start: Moment | None = None, end: Moment | None = None
    ) -> list[str]:
        """All values of a label."""
        if name == self._hidden:
            return []
        fields = _selection(matches, start, end)
        return list(self._got(f"/api/v1/label/{name}/values", fields, f"label_values({name!r})"))

    def export(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> Matrix:
        """Every sample as it is stored, stale markers as NaN. VictoriaMetrics alone has this."""
        fields = [*_selection(matches, start, end), *self._parameters]
        answer = self.server.form("/api/v1/export", fields, within=self._within)
        if not answer.ok:
            answers.data(answer, f"export of {', '.join(matches)}", self.server.url)
        return answers.exported(answer.body, self._hidden)

    def _asked(self, path: str, fields: Fields, about: str) -> Any:
        """In a form: a query may be longer than a URL."""
        answer = self.server.form(path, [*fields, *self._parameters], within=self._within)
        return answers.data(answer, about, self.server.url)

    def _got(self, path: str, fields: Fields, about: str) -> Any:
        """In the URL: Prometheus takes no form here."""
        answer = self.server.get(path, [*fields, *self._parameters], within=self._within)
        return answers.data(answer, about, self.server.url)


def _range(start: Grid | Moment, end: Moment | None, step: Any) -> tuple[float, float, float]:
    if isinstance(start, Grid):
        return seconds(start.start), seconds(start.end), duration(start.step)
    if end is None or step is None:
        raise UsageError("a range is query_range(expression, grid) or query_range(expression, start, end, step)")
    return seconds(start), seconds(end), duration(step)


def _selection(matches: Sequence[str], start: Moment | None, end: Moment | None) -> list[tuple[str, str]]:
    fields = [("match[]", match) for match in matches]
    fields += [] if start is None else [("start", written(seconds(start)))]
    return fields + ([] if end is None else [("end", written(seconds(end)))])
