"""A page's format, from its content type, and its text, from what a server sent."""

from __future__ import annotations

from dataclasses import dataclass

from metricrig.metrics.exposition.errors import BadPage


@dataclass(frozen=True, slots=True)
class PageFormat:
    """What differs between the formats, for a reader."""

    name: str
    timestamps_per_second: float
    end: str
    """The line that ends a page, so that half of one can be told from a whole."""
    no_type: str
    """What a family without a declared type is said to be."""


TEXT = PageFormat("text 0.0.4", 1000.0, "", "untyped")
OPENMETRICS = PageFormat("OpenMetrics", 1.0, "# EOF", "unknown")

ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,"
    "*/*;q=0.2"
)
"""What Prometheus asks for, without its binary format: what a test reads is then what Prometheus would store."""


def format_of(content_type: str | None) -> PageFormat:
    """The format that the response's Content-Type names.

    Anything but OpenMetrics is read as text: many a small exporter calls its page HTML, and Prometheus 2 read it.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    return OPENMETRICS if kind == "application/openmetrics-text" else TEXT


def checked(page: str | bytes | bytearray, form: PageFormat) -> str:
    """The text of a page, unless it is obviously none, or only the beginning of one."""
    text = page if isinstance(page, str) else _decoded(page)
    if text.startswith(("<!", "<html", "<HTML", "{\n", "[")):
        raise BadPage("this is no metrics page", line=1, text=line_at(text, 0))
    if form.end and not text.endswith((form.end, form.end + "\n")):
        last = text.rstrip("\n").rfind("\n") + 1
        why = f"{form.name} ends with {form.end!r}, and this page does not: is it cut off?"
        raise BadPage(why, line=number_at(text, last), text=line_at(text, last))
    return text


def _decoded(page: bytes | bytearray) -> str:
    try:
        return page.decode()
    except UnicodeDecodeError as error:
        text = page.decode(errors="backslashreplace")
        number = page.count(b"\n", 0, error.start) + 1
        line = text.split("\n", number)[number - 1]
        raise BadPage(f"not UTF-8: {error.reason}", line=number, text=line) from None


def number_at(text: str, at: int) -> int:
    """The number of the line in which this character stands."""
    return text.count("\n", 0, at) + 1


def line_at(text: str, at: int) -> str:
    """The line that starts there."""
    end = text.find("\n", at)
    return text[at:] if end < 0 else text[at:end]
