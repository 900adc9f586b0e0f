"""From what a server sent to text that can be a page at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.metrics.exposition.errors import BadPage

if TYPE_CHECKING:
    from metricrig.metrics.exposition.formats import Format


def checked(page: str | bytes, form: Format) -> str:
    """The text of a page, unless it is obviously none, or only the beginning of one."""
    text = page if isinstance(page, str) else _decoded(page)
    if text.startswith(("<!", "<html", "<HTML", "{\n", "[")):
        raise BadPage("this is no metrics page", line=1, text=line_at(text, 0))
    if form.end and not text.endswith((form.end, form.end + "\n")):
        last = text.rstrip("\n").rfind("\n") + 1
        why = f"{form.name} ends with {form.end!r}, and this page does not: is it cut off?"
        raise BadPage(why, line=number_at(text, last), text=line_at(text, last))
    return text


def _decoded(page: bytes) -> str:
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
