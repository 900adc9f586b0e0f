"""Which format a page is written in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """What differs between the formats, for a reader."""

    name: str
    timestamps_per_second: float
    end: str
    """The line that ends a page, so that half of one can be told from a whole."""
    no_type: str
    """What a family without a declared type is said to be."""


TEXT = Format("text 0.0.4", 1000.0, "", "untyped")
OPENMETRICS = Format("OpenMetrics", 1.0, "# EOF", "unknown")

ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,"
    "*/*;q=0.2"
)
"""What Prometheus asks for, without its binary format: what a test reads is then what Prometheus would store."""


def format_of(content_type: str | None) -> Format:
    """The format that the response's Content-Type names.

    Anything but OpenMetrics is read as text: many a small exporter calls its page HTML, and Prometheus 2 read it.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    return OPENMETRICS if kind == "application/openmetrics-text" else TEXT
