"""The instance of a running store of series: writing, queries, and views of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from metricrig._core.errors import MetricrigError
from metricrig.instance import Instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metricrig.metrics.expect import Engine
    from metricrig.metrics.promql.client import Grid
    from metricrig.metrics.remote_write.one_sample import When
    from metricrig.metrics.results import Matrix, Product
    from metricrig.metrics.store import Ingested, PrometheusStore, VictoriaMetricsStore
    from metricrig.metrics.times import Moment

# The stores themselves are imported when one is asked: 30 ms that a server which is only run need not cost.
S = TypeVar("S", "PrometheusStore", "VictoriaMetricsStore")


class StoreInstance(Instance, Generic[S]):
    """A running store: it can be written to, and asked. ``store`` is the same without the instance around it."""

    _store: S | None = None

    @property
    def store(self) -> S:
        """The store at this instance's address."""
        url = self.url
        if self._store is None or self._store.server.url != url:
            self._store = self.open_store(url)
        return self._store

    def open_store(self, url: str) -> S:
        """The store at a URL; its kind is the subclass's."""
        raise NotImplementedError

    def release(self) -> None:
        """Close what is open towards it."""
        super().release()
        if self._store is not None:
            self._store.server.close()

    @property
    def engine(self) -> Engine:
        """With whose semantics it answers: ``grid.expect.on(vm.engine)``."""
        from metricrig.metrics.expect import Engine  # noqa: PLC0415 - needs numpy

        return Engine.of(self.service.tool.name if self.service.tool else self.name, self.version)

    def _product(self, name: str) -> Product | None:
        """What its answers say of who has given them; without a version the server is asked."""
        from metricrig.metrics.results.content import Product  # noqa: PLC0415 - see above

        return Product(name, self.version) if self.version else None

    def recognise(self, name: str) -> None:
        """Raise what is wrong if what answers is not this product."""
        found = self.store.product
        if found is None or found.name != name:
            where = f"{self.address()}: its /metrics"
            raise MetricrigError(f"{where} {f'is of a {found}' if found else 'cannot be had, or names no such server'}")

    def ingest(self, source: Any, *, version: int = 1) -> Ingested:
        """Write a timeline, a block or blocks; returns when all of it is visible to queries."""
        return self.store.ingest(source, version=version)

    def write(self, name: str, value: float, labels: Mapping[str, str] | None = None, at: When = None) -> Ingested:
        """Write one sample, now unless ``at`` says when; returns when it is visible."""
        return self.store.write(name, value, labels, at)

    def flush(self) -> None:
        """Make what was written, by whomever, visible to queries. A Prometheus has nothing to do for it.

        A VictoriaMetrics does not wait for another flush that runs just then, of another process or its own, and that
        has taken some of it; ``ingest`` and ``write`` do: they look.
        """
        self.store.flush()

    def query(self, expression: str, at: Moment | None = None) -> Any:
        """The value at one moment, now unless it is given."""
        return self.store.query(expression, at)

    def query_range(self, expression: str, start: Grid | Moment, end: Moment | None = None, step: Any = None) -> Matrix:
        """The values at each step from ``start`` to ``end``; or of a grid, such as a timeline."""
        return self.store.query_range(expression, start, end, step)

    def series(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> list[dict[str, str]]:
        """The label sets that match any of these selectors."""
        return self.store.series(*matches, start=start, end=end)

    def labels(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> list[str]:
        """All label names."""
        return self.store.labels(*matches, start=start, end=end)

    def label_values(
        self, name: str, *matches: str, start: Moment | None = None, end: Moment | None = None
    ) -> list[str]:
        """All values of a label."""
        return self.store.label_values(name, *matches, start=start, end=end)

    def isolated(self, label: str | None = None) -> S:
        """A view of its own: it sees only what is written through it. For tests that share one server."""
        return self.store.isolated(label)
