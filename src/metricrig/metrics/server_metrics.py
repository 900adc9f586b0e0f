"""A server's metrics, as a test asks for them: ``instance.metrics``."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from metricrig._core.arguments import require_expression, seconds
from metricrig.metrics.conditions.selection import metric
from metricrig.metrics.scraping.change import Change
from metricrig.metrics.scraping.snapshot import Snapshot
from metricrig.metrics.waits.page_fetch import look_now, number_on
from metricrig.metrics.waits.wait import wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.metrics.conditions.condition import Condition
    from metricrig.metrics.conditions.expression import Expression
    from metricrig.metrics.conditions.look import Alive
    from metricrig.metrics.conditions.matchers import Wanted
    from metricrig.metrics.conditions.selection import Selection
    from metricrig.metrics.exposition import Page, Sample
    from metricrig.metrics.scraping.endpoint import Endpoint


class Metrics:
    """What a server tells on its metrics page.

    Calling it gives a metric that is bound to this server, for conditions over several:
    ``wait_for(a.metrics("x").sum() + b.metrics("x").sum() == 3)``.
    """

    def __init__(self, endpoint: Endpoint, watch: Alive | None = None, *, name: str = "") -> None:
        self.endpoint = endpoint
        self.alive = watch
        self.name = name or f"Metrics({endpoint.url!r})"

    def __call__(self, name: str, /, **labels: Wanted) -> Selection:
        """The series of a name, on this server."""
        return metric(name, **labels).on(self)

    def page(self, patience: float | None = None) -> Page:
        """Fetch the page now."""
        if patience is not None:
            seconds(f"{self}.page", "patience", patience)
        return self.endpoint.page(patience)

    def samples(self, name: str, /, **labels: Wanted) -> list[Sample]:
        """The samples of a name now; none are an empty list."""
        selector = metric(name, **labels).selector
        return [each for each in self.page().of_name(name) if selector.accepts(each.labels)]

    def sum(self, name: str, /, **labels: Wanted) -> float:
        """The sum of the series now. If there is none, that is an error, not 0."""
        return self.evaluate(self(name, **labels).sum())

    def value(self, name: str, /, **labels: Wanted) -> float:
        """The value of the only such series now."""
        return self.evaluate(self(name, **labels).value())

    def evaluate(self, expression: Expression) -> float:
        """What any expression is now."""
        require_expression("evaluate", expression)
        return number_on(look_now(expression, self), expression)

    def wait(self, condition: Condition, *, within: float = 30.0) -> None:
        """Wait until the condition holds. A server that dies ends the wait.

        A page that cannot be had, and series that do not exist, are "not yet".
        """
        wait(condition, within=within, default=self, who=str(self))

    @contextlib.contextmanager
    def change(self, expression: Expression) -> Iterator[Change]:
        """By how much an expression changes during a block: ``with m.change(metric("x")) as x:``, then ``x == 3``."""
        require_expression("change", expression)
        change = Change(expression, look_now(expression, self))
        yield change
        change.last = look_now(expression, self)

    def snapshot(self) -> Snapshot:
        """All values now; the difference of two is what happened in between."""
        return Snapshot(self.page())

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Metrics {self.endpoint.url}>"
