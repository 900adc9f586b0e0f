"""A client of the query API, as Prometheus, VictoriaMetrics, Thanos, Mimir and others have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import UsageError
from metricrig.metrics.http.client import Server
from metricrig.metrics.promql import answers, identity
from metricrig.metrics.times import Grid, duration, seconds, steps, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from metricrig.metrics.http.client import Fields
    from metricrig.metrics.promql.answers import QueryAnswer
    from metricrig.metrics.results import Matrix, Product
    from metricrig.metrics.times import Moment

__all__ = ["Grid", "Promql"]


class Promql:
    """Queries to the server at ``url``; ``parameters`` and ``headers`` go with every request.

    ``within`` is the time for the whole of an answer. ``hidden`` is a label that results are shown without.
    ``trust`` is a PEM file with the authority of an https server, where that is not one that the system knows.
    ``product`` is who answers, if that is known: else it is asked.
    """

    def __init__(
        self,
        url: str | Server,
        *,
        parameters: Fields = (),
        headers: Mapping[str, str] | None = None,
        within: float = 30.0,
        hidden: str | None = None,
        trust: str | Path | None = None,
        product: Product | None = None,
    ) -> None:
        self.server = url if isinstance(url, Server) else Server(url, headers=headers, trust=trust)
        self._parameters = list(parameters)
        self._within = within
        self._hidden = hidden
        self._product = product

    @property
    def product(self) -> Product | None:
        """Who answers, if it says so."""
        return self._product or identity.product(self.server, self._within)

    @property
    def url(self) -> str:
        """Where the server is, for the program under test too."""
        return self.server.url

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.server.url}>"

    def query(self, expression: str, at: Moment | None = None) -> Any:
        """The value at one moment, now unless it is given: a ``Vector``, ``Scalar``, or ``Matrix`` for ``up[5m]``.

        An answer from which, as the server says, data are missing is a ``PartialAnswer``, here and below.
        """
        when = [] if at is None else [("time", written(seconds(at)))]
        found = self._asked("/api/v1/query", [("query", expression), *when], expression)
        return found.whole(answers.instant(found, self._hidden, self.product))

    def query_range(self, expression: str, start: Grid | Moment, end: Moment | None = None, step: Any = None) -> Matrix:
        """The values at each step from ``start`` to ``end``, both included; or of a grid, such as a timeline."""
        first, last, stride = _range(start, end, step)
        times = steps(first, last, stride)
        span = [("start", written(first)), ("end", written(last)), ("step", written(stride))]
        found = self._asked("/api/v1/query_range", [("query", expression), *span], expression)
        whole: Matrix = found.whole(answers.matrix(found, self._hidden, times, self.product))
        return whole

    def series(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> list[dict[str, str]]:
        """The label sets that match any of these selectors."""
        found = self._asked("/api/v1/series", selection(matches, start, end), " or ".join(matches))
        with found.reading() as content:
            several = answers.without(content, self._hidden)
        whole: list[dict[str, str]] = found.whole(several)
        return whole

    def labels(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> list[str]:
        """All label names."""
        found = self._got("/api/v1/labels", selection(matches, start, end), "labels()")
        with found.reading() as content:
            several = [str(name) for name in content if name != self._hidden]
        whole: list[str] = found.whole(several)
        return whole

    def label_values(
        self, name: str, *matches: str, start: Moment | None = None, end: Moment | None = None
    ) -> list[str]:
        """All values of a label."""
        if name == self._hidden:
            return []
        fields = selection(matches, start, end)
        found = self._got(f"/api/v1/label/{name}/values", fields, f"label_values({name!r})")
        with found.reading() as content:
            several = [str(value) for value in content]
        whole: list[str] = found.whole(several)
        return whole

    def export(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> Matrix:
        """Every sample as it is stored, stale markers as NaN. VictoriaMetrics alone has this."""
        about = f"export of {', '.join(matches)}"
        return self._exported(selection(matches, start, end), about, Deadline.after(self._within))

    def _exported(self, fields: Fields, about: str, deadline: Deadline) -> Matrix:
        answer = self.server.form("/api/v1/export", [*fields, *self._parameters], within=deadline)
        return answers.exported(answer, self._hidden, about, self.server.url)

    def _asked(self, path: str, fields: Fields, about: str, deadline: Deadline | None = None) -> QueryAnswer:
        """In a form: a query may be longer than a URL."""
        within = deadline or Deadline.after(self._within)
        answer = self.server.form(path, [*fields, *self._parameters], within=within)
        return answers.found(answer, about, self.server.url)

    def _got(self, path: str, fields: Fields, about: str, deadline: Deadline | None = None) -> QueryAnswer:
        """In the URL: Prometheus takes no form here."""
        within = deadline or Deadline.after(self._within)
        answer = self.server.get(path, [*fields, *self._parameters], within=within)
        return answers.found(answer, about, self.server.url)


def _range(start: Grid | Moment, end: Moment | None, step: Any) -> tuple[float, float, float]:
    if isinstance(start, Grid):
        return seconds(start.start), seconds(start.end), duration(start.step)
    if end is None or step is None:
        raise UsageError("a range is query_range(expression, grid) or query_range(expression, start, end, step)")
    return seconds(start), seconds(end), duration(step)


def selection(matches: Sequence[str], start: Moment | None, end: Moment | None) -> list[tuple[str, str]]:
    """Selectors and a span as the fields of a request."""
    fields = [("match[]", match) for match in matches]
    fields += [] if start is None else [("start", written(seconds(start)))]
    return fields + ([] if end is None else [("end", written(seconds(end)))])
