"""A watch on VictoriaMetrics' own counters: they tell, a second later, what it dropped without a word to the sender."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from metricrig._core.errors import MetricrigError
from metricrig.metrics.store.errors import SamplesLost
from metricrig.metrics.store.limits import limits_of

if TYPE_CHECKING:
    from metricrig._core.deadlines import Deadline
    from metricrig.metrics.http.client import Server
    from metricrig.metrics.store.limits import StorageLimits

# The page is made anew once a second (seen in 1.79 and 1.128): what is read so long after a write knows of it.
_PAGE_REFRESH_SECONDS = 1.1

_COUNTERS = (
    "vm_rows_ignored_total",
    "vm_rows_invalid_total",
    # Before 1.108, labels beyond the limits were cut off and the sample was kept under a wrong name.
    "vm_metrics_with_dropped_labels_total",
    "vm_too_long_label_values_total",
    "vm_too_long_label_names_total",
    "vm_hourly_series_limit_rows_dropped_total",
    "vm_daily_series_limit_rows_dropped_total",
    "vm_indexdb_items_dropped_total",
    "vm_relabel_metrics_dropped_total",
)
# A NaN cannot be kept, in any version: that is how this store is, and ``Ingested.nans`` says how many there were.
_NAN_REASON = "nan_value"


class Losses:
    """Watches the counters of one server, for all its views.

    After a write that took longer than a second they are read as they are, which tells of its beginning; the rest is
    found at the next use of the store a second later, or by ``settle``, which waits.
    """

    def __init__(self, server: Server, within: float = 30.0) -> None:
        self._server = server
        self._within = within
        self._known: dict[str, float] | None = None
        self._limits: StorageLimits | None = None
        self._unsettled = 0
        self._began = self._written = 0.0

    def begin(self) -> StorageLimits:
        """Remember where the counters stand, before the first write; the rules by which it keeps samples."""
        if self._known is None or self._limits is None:
            page = self._page()
            self._known, self._limits = counted(page), limits_of(page)
        self.catch_up()
        self._began = time.monotonic()
        return self._limits

    def wrote(self, samples: int) -> None:
        """After a write. Waits only where the server's settings do not tell what it keeps."""
        self._unsettled += samples
        self._written = time.monotonic()
        if self._limits is not None and not self._limits.certain:
            self.settle()
        elif self._written - self._began > _PAGE_REFRESH_SECONDS:
            self._look()

    def catch_up(self, deadline: Deadline | None = None) -> None:
        """Read the counters if they must be complete by now, and nobody has read them since."""
        if self._unsettled and time.monotonic() - self._written >= _PAGE_REFRESH_SECONDS:
            self.settle(deadline)

    def settle(self, deadline: Deadline | None = None) -> None:
        """Wait until the counters know of everything that was written; an error if anything was lost."""
        if not self._unsettled:
            return
        time.sleep(max(0.0, self._written + _PAGE_REFRESH_SECONDS - time.monotonic()))
        samples = self._unsettled
        self._unsettled = 0
        self._look(samples, deadline)

    def _look(self, samples: int | None = None, deadline: Deadline | None = None) -> None:
        before, self._known = self._known or {}, counted(self._page(deadline))
        reasons = grown(before, self._known)
        if reasons:
            raise SamplesLost(self._server.url, reasons, self._unsettled if samples is None else samples)

    def _page(self, deadline: Deadline | None = None) -> str:
        answer = self._server.get("/metrics", within=deadline or self._within)
        if not answer.ok:
            raise MetricrigError(
                f"{self._server.url}/metrics answered {answer.status}, and nothing else tells whether samples are lost"
                f"\n  what to do: let it be read, or write with metricrig.metrics.remote_write.Sender alone"
            )
        return answer.text


def counted(page: str) -> dict[str, float]:
    """The counters of losses on a metrics page."""
    found: dict[str, float] = {}
    for line in page.splitlines():
        if line.startswith(_COUNTERS) and _NAN_REASON not in line:
            name, _, value = line.rpartition(" ")
            try:
                found[name] = float(value)
            except ValueError:
                raise MetricrigError(f"{name} is {value[:80]!r} on the metrics page, and that is no number") from None
    return found


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, int]:
    """By how much, those that have."""
    growth = {name: int(value - before.get(name, 0)) for name, value in after.items()}
    return {name: count for name, count in growth.items() if count > 0}
