"""Which server has given an answer, as far as it says so itself."""

from __future__ import annotations

from dataclasses import dataclass

PROMETHEUS = "Prometheus"
VICTORIA_METRICS = "VictoriaMetrics"


@dataclass(frozen=True, slots=True)
class Product:
    """Its name, and its version unless it keeps that to itself."""

    name: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version}" if self.version else self.name
