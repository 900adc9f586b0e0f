"""What VictoriaMetrics throws away without a word to the sender: its own counters tell."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from metricrig._core.deadlines import Deadline
from metricrig._core.errors import MetricrigError

if TYPE_CHECKING:
    from metricrig.metrics.http import Server

_PAGE_LASTS = 1.1

_COUNTERS = (
    "vm_rows_ignored_total",
    "vm_rows_invalid_total",
    # Before 1.114 or so, labels beyond the limit were cut off and the sample was kept under a wrong name.
    "vm_metrics_with_dropped_labels_total",
    "vm_too_long_label_values_total",
    "vm_too_long_label_names_total",
    "vm_hourly_series_limit_rows_dropped_total",
    "vm_daily_series_limit_rows_dropped_total",
)
# A NaN cannot be kept, in any version: that is how this store is, and ``Ingested.nans`` says how many there were.
_EXPECTED = "nan_value"


class SamplesLost(MetricrigError):
    """The store accepted a write and dropped samples of it: ``reasons`` has how many for which of its counters."""

    def __init__(self, url: str, reasons: dict[str, int], samples: int) -> None:
        self.url = url
        self.reasons = reasons
        self.samples = samples
        lines = "".join(f"\n  {count} by {reason}" for reason, count in reasons.items())
        super().__init__(
            f"{url} answered well to {samples} samples, and has dropped or changed some:{lines}\n"
            f"  (its counters are of the whole server: another writer's losses at the same time are among them)"
        )


class Losses:
    """Watches the counters of one server, for all its views.

    The page is only made anew once a second (seen in 1.79 and 1.128), so it is read when that costs no waiting;
    and waited for when a sample is known to be missing, to learn why.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._known: dict[str, float] | None = None
        self._read = 0.0

    def begin(self) -> None:
        """Remember where the counters stand, before the first write."""
        if self._known is None:
            self._known, self._read = self._counted(), time.monotonic()

    def look(self, samples: int) -> None:
        """An error if a counter has grown; does nothing while the page would be the old one."""
        if time.monotonic() - self._read < _PAGE_LASTS:
            return
        before, self._known, self._read = self._known or {}, self._counted(), time.monotonic()
        reasons = grown(before, self._known)
        if reasons:
            raise SamplesLost(self._server.url, reasons, samples)

    def explain(self, samples: int) -> None:
        """The same, but wait for a new page."""
        for pause in Deadline.after(2 * _PAGE_LASTS).pauses():
            self._read = 0.0
            self.look(samples)
            time.sleep(pause)

    def _counted(self) -> dict[str, float]:
        return counted(self._server.get("/metrics").text)


def counted(page: str) -> dict[str, float]:
    """The counters of losses on a metrics page."""
    found: dict[str, float] = {}
    for line in page.splitlines():
        if line.startswith(_COUNTERS) and _EXPECTED not in line:
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, int]:
    """By how much, those that have."""
    growth = {name: int(value - before.get(name, 0)) for name, value in after.items()}
    return {name: count for name, count in growth.items() if count > 0}
