"""How a query fails."""

from __future__ import annotations

from metricrig._core.errors import MetricrigError


class QueryFailed(MetricrigError):
    """The server did not answer a query with a result: ``kind`` and ``message`` are its own words."""

    def __init__(self, query: str, *, url: str, status: int, kind: str, message: str) -> None:
        self.query = query
        self.url = url
        self.status = status
        self.kind = kind
        self.message = message
        super().__init__(f"{query}\n  {url} answered {status}: {kind}: {message}")
