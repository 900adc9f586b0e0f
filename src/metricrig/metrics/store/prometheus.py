"""Prometheus as a store: written in the order of time, one request after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from metricrig._core.errors import MetricrigError
from metricrig.metrics.promql.client import Promql
from metricrig.metrics.promql.selector_rewrite import confined
from metricrig.metrics.remote_write.one_sample import milliseconds, one
from metricrig.metrics.remote_write.sender import Sender, WriteRejected
from metricrig.metrics.store.block_checks import NAME, UNICODE_SINCE, NameCheck, refused
from metricrig.metrics.store.errors import Unkeepable
from metricrig.metrics.store.ingested_source import CheckedBlocks, WrittenSample
from metricrig.metrics.store.interface import Ingested, ViewLabel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from metricrig.metrics.http.client import Server
    from metricrig.metrics.promql.client import Grid
    from metricrig.metrics.remote_write.one_sample import When
    from metricrig.metrics.remote_write.request_body import Body
    from metricrig.metrics.results import Matrix, Product
    from metricrig.metrics.times import Moment

_ADVICE = {
    "too old": "write in the order of time, or set storage.tsdb.out_of_order_time_window in the configuration",
    "out of bounds": "nothing older than an hour before the newest sample is taken: write older data first, do not"
    " scrape meanwhile, or start it with Prometheus(any_age=True)",
    "out of order": "each series has to be written in the order of time, or set storage.tsdb.out_of_order_time_window",
    "duplicate": "this series has another value at that time already: use another series, or an isolated view",
    "receiver": "start it with --web.enable-remote-write-receiver",
}


class PrometheusStore(Promql):
    """The Prometheus at ``url``, whose remote write receiver is enabled."""

    def __init__(
        self,
        url: str | Server,
        *,
        within: float = 30.0,
        view_label: ViewLabel | None = None,
        product: Product | None = None,
    ) -> None:
        super().__init__(url, within=within, hidden=view_label.name if view_label else None, product=product)
        self._view_label = view_label
        self._version: int | None = None

    def ingest(self, source: Any, *, version: int = 1) -> Ingested:
        """Write a timeline, a block or blocks; returns when all of it is visible."""
        from metricrig.metrics.remote_write.body_batches import bodies  # noqa: PLC0415 - needs numpy

        checked = CheckedBlocks(source, NameCheck(self.server.url, self._takes_unicode))
        return self._written(bodies(checked, version=version, in_time_order=True, extra=self._extra), checked, version)

    def write(self, name: str, value: float, labels: Mapping[str, str] | None = None, at: When = None) -> Ingested:
        """Write one sample, now unless ``at`` says when; returns when it is visible."""
        moment = milliseconds(at)
        body = one(name, value, {**(labels or {}), **self._extra}, moment)
        if reason := refused({**(labels or {}), NAME: name}, unicode=self._takes_unicode):
            raise Unkeepable(self.server.url, series={**(labels or {}), NAME: name}, reason=reason, samples=1)
        number = value == value  # noqa: PLR0124 - only NaN differs from itself
        here = [WrittenSample({**(labels or {}), "__name__": name}, moment)] if number else []
        checked = CheckedBlocks((), written_samples=here, nans=int(not number))
        return self._written([body], checked, 1)

    def query(self, expression: str, at: Moment | None = None) -> Any:
        """The value at one moment, now unless it is given."""
        return super().query(self._own(expression), at)

    def query_range(self, expression: str, start: Grid | Moment, end: Moment | None = None, step: Any = None) -> Matrix:
        """The values at each step from ``start`` to ``end``, both included; or of a grid, such as a timeline."""
        return super().query_range(self._own(expression), start, end, step)

    def series(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> list[dict[str, str]]:
        """The label sets that match any of these selectors."""
        return super().series(*self._all_own(matches), start=start, end=end)

    def labels(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> list[str]:
        """All label names."""
        return super().labels(*self._all_own(matches), start=start, end=end)

    def label_values(
        self, name: str, *matches: str, start: Moment | None = None, end: Moment | None = None
    ) -> list[str]:
        """All values of a label."""
        return super().label_values(name, *self._all_own(matches), start=start, end=end)

    def flush(self) -> None:
        """Nothing to do: Prometheus answers a write when it is visible."""

    def isolated(self, label: str | None = None) -> Self:
        """A view that sees only what is written through it, and does not see the label that makes it so.

        Prometheus has no parameter for this: the label is put into each selector of what it is asked.
        """
        return type(self)(self.server, within=self._within, view_label=ViewLabel.fresh(label), product=self._product)

    @property
    def matcher(self) -> str:
        """The label of this view as in a selector: ``{store.matcher}`` finds its series; empty without a view."""
        return self._view_label.matcher if self._view_label else ""

    @property
    def _extra(self) -> dict[str, str]:
        return {self._view_label.name: self._view_label.value} if self._view_label else {}

    def _own(self, expression: str) -> str:
        return confined(expression, self._view_label.matcher) if self._view_label else expression

    def _all_own(self, matches: tuple[str, ...]) -> tuple[str, ...]:
        several = matches or (("{}",) if self._view_label else ())
        return tuple(self._own(match) for match in several)

    def _takes_unicode(self) -> bool:
        """Whether it is a Prometheus of version 3 or later; asked once, of who writes such names."""
        if self._version is None:
            found = self._got("/api/v1/status/buildinfo", (), "its version")
            with found.reading() as content:
                self._version = int(str(content["version"]).partition(".")[0])
        return self._version >= UNICODE_SINCE

    def _written(self, bodies: Iterable[Body], checked: CheckedBlocks, version: int) -> Ingested:
        try:
            # One at a time: a request that overtakes another makes it out of order.
            sent = Sender(self.server, connections=1, version=version, within=self._within).send(bodies)
        except WriteRejected as error:
            raise error.advised(_advice(error.body)) from None
        for written in checked.last:
            self._find(written)
        return Ingested(sent.samples, sent.requests, checked.nans)

    def _find(self, written: WrittenSample) -> None:
        own = WrittenSample({**written.labels, **self._extra}, written.time)
        if not super().query(own.selector, at=own.time / 1000).samples:
            raise MetricrigError(
                f"{self.server.url}: {own.selector} was written and has no sample at {own.time / 1000}"
            )


def _advice(body: str) -> str:
    return next((advice for words, advice in _ADVICE.items() if words in body), "")
