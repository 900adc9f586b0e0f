"""Views: a label of their own on everything that they write, and in front of everything that they read."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from metricrig._core.errors import UsageError
from metricrig.metrics.results.labels import quoted

DEFAULT = "metricrig_view"


@dataclass(frozen=True, slots=True)
class Mark:
    """The label of a view."""

    name: str
    value: str

    @classmethod
    def fresh(cls, name: str | None) -> Mark:
        """One that nobody else has."""
        return cls(name or DEFAULT, uuid.uuid4().hex)

    @property
    def matcher(self) -> str:
        """As in a selector."""
        return f"{self.name}={quoted(self.value)}"

    def inside(self, selector: str) -> str:
        """A series selector that also wants this label: ``up{a="b"}`` ends with its matchers, ``up`` has none."""
        bare = selector.strip()
        if not bare.endswith("}"):
            return f"{bare}{{{self.matcher}}}"
        start = bare[:-1].rstrip()
        between = "" if start.endswith(("{", ",")) else ","
        return f"{start}{between}{self.matcher}}}"


def refuse(mark: Mark, expression: str) -> UsageError:
    """Prometheus has no parameter that restricts a query, and a query's text is not ours to rewrite."""
    return UsageError(
        f"query({expression!r}) in an isolated view of Prometheus: Prometheus cannot restrict a query to a view\n"
        f"  what to do: ask the store itself, with {{{mark.matcher}}} in each selector (it is view.matcher);"
        f" or use VictoriaMetrics, which can"
    )
