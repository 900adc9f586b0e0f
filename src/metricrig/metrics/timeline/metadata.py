"""Metadata of a series: the type of its family, and what is written about it for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from metricrig._core.arguments import wrong

MetricType = Literal["unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"]
"""As OpenMetrics names them."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a scrape reads in the lines above the samples; only version 2 of remote write sends it with its series."""

    type: MetricType = "unknown"
    help: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if self.type not in get_args(MetricType):
            raise wrong("Metadata", "type", self.type, f"one of {', '.join(get_args(MetricType))}")
