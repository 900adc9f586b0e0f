"""What can go wrong with a relay: it is gone."""

from __future__ import annotations

from metricrig._core.errors import MetricrigError


class RelayLost(MetricrigError):
    """A relay has ended although nobody wanted it to, and its links are gone with it."""
