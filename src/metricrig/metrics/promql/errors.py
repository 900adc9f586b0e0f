"""How a query fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig._core.errors import MetricrigError

if TYPE_CHECKING:
    from collections.abc import Sequence


class QueryFailed(MetricrigError):
    """The server did not answer a query with a result: ``kind`` and ``message`` are its own words."""

    def __init__(self, query: str, *, url: str, status: int, kind: str, message: str) -> None:
        self.query = query
        self.url = url
        self.status = status
        self.kind = kind
        self.message = message
        super().__init__(f"{query}\n  {url} answered {status}: {kind}: {message}")


class PartialAnswer(QueryFailed):
    """The server itself says that data are missing from its answer: ``result`` is what there is, ``why`` its words.

    To take such an answer is to say so: ``except PartialAnswer as partial: ... partial.result``.
    """

    def __init__(self, query: str, *, url: str, status: int, why: Sequence[str], result: Any) -> None:
        self.why = tuple(why)
        self.result = result
        super().__init__(
            query,
            url=url,
            status=status,
            kind="partial",
            message="; ".join(why) + "\n  what to do: mend what it names, or take it as it is: "
            "except PartialAnswer as partial: partial.result",
        )
