"""What is wrong with a page, and where."""

from __future__ import annotations

from metricrig._core.errors import MetricrigError

_SHOWN = 200


class BadPage(MetricrigError):
    """A page that cannot be read: ``why``, with the number and the text of the line that is at fault."""

    def __init__(self, why: str, *, line: int = 0, text: str = "", source: str = "") -> None:
        self.why = why
        self.line = line
        self.text = text
        self.source = source
        where = f"line {line}: " if line else ""
        shown = f"\n  {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}" if line else ""
        super().__init__(f"bad metrics page{f' ({source})' if source else ''}: {where}{why}{shown}")


class BadLine(Exception):
    """A line that cannot be read, before it is known where it stands."""
