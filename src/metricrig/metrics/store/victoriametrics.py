"""VictoriaMetrics as a store: flushed after each write, and asked what it has silently thrown away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import MetricrigError
from metricrig.metrics.promql.client import Promql, selection
from metricrig.metrics.remote_write.one_sample import milliseconds, one
from metricrig.metrics.remote_write.request_body import Body
from metricrig.metrics.remote_write.sender import Sender
from metricrig.metrics.store.errors import Unkeepable
from metricrig.metrics.store.ingested_source import CheckedBlocks, WrittenSample
from metricrig.metrics.store.interface import Ingested, ViewLabel
from metricrig.metrics.store.losses import Losses

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from metricrig.metrics.http.client import Fields, Server
    from metricrig.metrics.promql.answers import QueryAnswer
    from metricrig.metrics.remote_write.one_sample import When
    from metricrig.metrics.results import Matrix, Product
    from metricrig.metrics.times import Moment

# The cache may answer with what was there before a backfill; the newest 30 s are hidden where the server's own
# settings do not say otherwise (the argument is known since 1.85.2, and before it is ignored).
_UNCACHED = (("nocache", "1"), ("latency_offset", "1ms"))
_VISIBLE_WITHIN_SECONDS = 10.0
"""What was flushed, and cannot be seen after so many seconds, is not there."""


class VictoriaMetricsStore(Promql):
    """The single-node VictoriaMetrics at ``url``.

    ``within`` is the time for the whole of an answer; for writing, for that of each request. ``idempotent`` says that
    it drops duplicates (``-dedup.minScrapeInterval=1ms``), so that a request whose connection broke may be sent again.
    """

    def __init__(
        self,
        url: str | Server,
        *,
        idempotent: bool = False,
        within: float = 30.0,
        view_label: ViewLabel | None = None,
        losses: Losses | None = None,
        product: Product | None = None,
    ) -> None:
        filters = (("extra_filters[]", f"{{{view_label.matcher}}}"),) if view_label else ()
        hidden = view_label.name if view_label else None
        super().__init__(url, parameters=(*_UNCACHED, *filters), within=within, hidden=hidden, product=product)
        self._idempotent = idempotent
        self._view_label = view_label
        self._losses = losses or Losses(self.server, within)

    def query(self, expression: str, at: Moment | None = None) -> Any:
        """The value at one moment, now unless it is given."""
        # Its own "now" is the begin of the second: what has just been written is after that.
        return super().query(expression, time.time() if at is None else at)

    def ingest(self, source: Any, *, version: int = 1) -> Ingested:
        """Write a timeline, a block or blocks; returns when all of it is visible."""
        from metricrig.metrics.remote_write.body_batches import bodies  # noqa: PLC0415 - needs numpy

        checked = self._checked(source)
        return self._written(bodies(checked, version=version), checked, version=version)

    def import_lines(self, source: Any) -> Ingested:
        """The same by ``/api/v1/import``, in JSON lines, which hold no NaN and no stale marker: those are left out."""
        from metricrig.metrics.remote_write.json_lines import PATH, line_bodies  # noqa: PLC0415 - needs numpy

        checked = self._checked(source)
        return self._written(line_bodies(checked), checked, path=PATH)

    def import_text(self, text: str, at: When = None) -> None:
        """Write the samples of a metrics page, now unless they or ``at`` say when; returns when they are visible.

        The server skips a line that it cannot read, so this waits, a second at most, until its counters tell.
        """
        self._losses.begin()
        moment = [] if at is None else [("timestamp", str(milliseconds(at)))]
        body = Body(1, text.encode(), text.count("\n"), 0, {"Content-Type": "text/plain"})
        self._sender("/api/v1/import/prometheus", moment).send([body])
        self.flush()
        self._losses.wrote(body.samples)
        self.settle()

    def write(self, name: str, value: float, labels: Mapping[str, str] | None = None, at: When = None) -> Ingested:
        """Write one sample, now unless ``at`` says when; returns when it is visible."""
        moment = milliseconds(at)
        named = {**(labels or {}), "__name__": name}
        limits = self._losses.begin()
        if reason := limits.about_labels({**named, **self._extra}) or limits.about_time(moment):
            raise Unkeepable(self.server.url, series=named, reason=reason, samples=1)
        number = value == value  # noqa: PLR0124 - only NaN differs from itself
        checked = CheckedBlocks(
            (), written_samples=[WrittenSample(named, moment)] if number else [], nans=int(not number)
        )
        return self._written([one(name, value, labels, moment)], checked)

    def flush(self) -> None:
        """Make what was written, by whomever, visible to queries.

        It does not wait for another flush that runs just then, of another process or the server's own, and that has
        taken some of it; ``ingest`` and ``write`` do: they look.
        """
        self._flush(Deadline.after(self._within))

    def _flush(self, deadline: Deadline) -> None:
        answer = self.server.get("/internal/force_flush", within=deadline)
        if not answer.ok:
            raise MetricrigError(
                f"{self.server.url}/internal/force_flush answered {answer.status}: {answer.text[:200]}"
            )

    def __repr__(self) -> str:
        view = f" view {self._view_label.matcher}" if self._view_label else ""
        return f"<{type(self).__name__} {self.server.url}{view}>"

    def settle(self) -> None:
        """Wait, a second at most, until its counters tell about all that was written; an error if any of it was lost.

        What the server's limits let one foresee is refused before it is sent, and a loss of any other kind is an
        error of the next use that comes a second later: only after a last write does this say more.
        """
        self._losses.settle()

    def close(self) -> None:
        """Settle, then close the connections. A view has none of its own: what it lost, the next use of any tells."""
        if self._view_label is not None:
            return
        try:
            self.settle()
        finally:
            self.server.close()

    def export(self, *matches: str, start: Moment | None = None, end: Moment | None = None) -> Matrix:
        """Every sample as it is stored, stale markers as NaN."""
        self._losses.catch_up()
        return super().export(*matches, start=start, end=end)

    def isolated(self, label: str | None = None) -> Self:
        """A view that sees only what is written through it, and does not see the label that makes it so."""
        view_label = ViewLabel.fresh(label)
        return type(self)(
            self.server,
            idempotent=self._idempotent,
            within=self._within,
            view_label=view_label,
            losses=self._losses,
            product=self._product,
        )

    @property
    def parameters(self) -> dict[str, str]:
        """What a program under test has to add to each request, whether it writes or asks; empty without a view."""
        return {"extra_label": self.extra_label} if self._view_label else {}

    @property
    def extra_label(self) -> str:
        """What a program under test has to add as ``extra_label=`` to what it writes into this view; empty without."""
        return f"{self._view_label.name}={self._view_label.value}" if self._view_label else ""

    @property
    def extra_filter(self) -> str:
        """What it has to add as ``extra_filters[]=`` to what it asks of this view; empty without a view."""
        return f"{{{self._view_label.matcher}}}" if self._view_label else ""

    @property
    def write_url(self) -> str:
        """Where a program under test remote-writes into this view, or into the store itself."""
        from urllib.parse import urlencode  # noqa: PLC0415 - only few programs are told

        query = f"?{urlencode({'extra_label': self.extra_label})}" if self._view_label else ""
        return f"{self.server.url}/api/v1/write{query}"

    @property
    def _extra(self) -> dict[str, str]:
        return {self._view_label.name: self._view_label.value} if self._view_label else {}

    def _asked(self, path: str, fields: Fields, about: str, deadline: Deadline | None = None) -> QueryAnswer:
        deadline = deadline or Deadline.after(self._within)
        self._losses.catch_up(deadline)
        return super()._asked(path, fields, about, deadline)

    def _got(self, path: str, fields: Fields, about: str, deadline: Deadline | None = None) -> QueryAnswer:
        deadline = deadline or Deadline.after(self._within)
        self._losses.catch_up(deadline)
        return super()._got(path, fields, about, deadline)

    def _checked(self, source: Any) -> CheckedBlocks:
        """Blocks that the server keeps; the first that it does not is an error."""
        from metricrig.metrics.store.block_checks import refuse  # noqa: PLC0415 - needs numpy

        limits = self._losses.begin()
        return CheckedBlocks(source, lambda block: refuse(block, limits, self._extra, self.server.url))

    def _sender(self, path: str, fields: Fields = (), version: int = 1) -> Sender:
        several = [*fields, *(("extra_label", f"{name}={value}") for name, value in self._extra.items())]
        return Sender(
            self.server, path=path, fields=several, version=version, within=self._within, idempotent=self._idempotent
        )

    def _written(
        self, bodies: Iterable[Body], checked: CheckedBlocks, *, path: str = "/api/v1/write", version: int = 1
    ) -> Ingested:
        sent = self._sender(path, version=version).send(bodies)
        self.flush()
        self._losses.wrote(sent.samples)
        # It may have waited for the counters, a second: what is to be seen has its own time.
        self._see(checked.written_samples, Deadline.after(min(self._within, _VISIBLE_WITHIN_SECONDS)))
        return Ingested(sent.samples, sent.requests, checked.nans)

    def _see(self, written_samples: Sequence[WrittenSample], deadline: Deadline) -> None:
        """Return when all of them are visible.

        A flush does not wait for what another one has begun with, of another process or the server's own.
        """
        missing = self._unseen(written_samples, deadline)
        for pause in deadline.pauses():
            if not missing:
                return
            time.sleep(pause)
            self._flush(deadline)
            missing = self._unseen(missing, deadline)
        self._losses.settle()  # it knows why
        raise MetricrigError(
            f"{self.server.url}: {missing[0].selector} was written and flushed, and has no sample at"
            f" {missing[0].time / 1000:.3f}"
        )

    def _unseen(self, written_samples: Sequence[WrittenSample], deadline: Deadline) -> list[WrittenSample]:
        """By export: an instant query at midnight does not find a series that begins then."""
        missing = []
        for at in {each.time for each in written_samples}:
            there = [each for each in written_samples if each.time == at]
            fields = selection([each.selector for each in there], at / 1000, at / 1000 + 0.001)
            found = self._exported(fields, "what was written", deadline).series
            labels = [each.labels.items() for each in found]
            missing += [each for each in there if not any(each.pairs <= one for one in labels)]
        return missing
