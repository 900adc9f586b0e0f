"""The error with which PostgreSQL refuses a statement."""

from __future__ import annotations

from metricrig._core.errors import MetricrigError


class PostgreSQLError(MetricrigError):
    """The server's refusal: its SQLSTATE ``code``, its ``message``, and where it happened as far as it says."""

    def __init__(self, who: str, fields: dict[str, str], statement: str = "") -> None:
        self.severity = fields.get("V") or fields.get("S", "ERROR")
        self.code = fields.get("C", "")
        self.message = fields.get("M", "")
        self.detail = fields.get("D", "")
        self.hint = fields.get("H", "")
        self.where = fields.get("W", "")
        self.position = int(fields["P"]) if "P" in fields else None
        """The character of the statement, from 1, that the error is at."""
        self.statement = statement
        more = [("detail", self.detail), ("hint", self.hint), ("where", self.where), ("at", self._line)]
        said = "".join(f"\n  {title}: {text}" for title, text in more if text)
        super().__init__(f"{who}: {self.severity} {self.code}: {self.message}{said}")

    @property
    def _line(self) -> str:
        """The line of the statement that the error is in."""
        if self.position is None or not self.statement:
            return ""
        before, after = self.statement[: self.position - 1], self.statement[self.position - 1 :]
        line = before.rpartition("\n")[2] + after.partition("\n")[0]
        return f"line {before.count(chr(10)) + 1}: {line.strip()[:200]}"
