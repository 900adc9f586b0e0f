"""Views: a label of their own on everything that they write, and in front of everything that they read."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

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
