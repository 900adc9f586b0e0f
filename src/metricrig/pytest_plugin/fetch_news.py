"""News of a fetch, made of the events of tools and images: what a person who waits for it wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from metricrig._core import events
from metricrig._core.amounts import in_bytes, in_time

if TYPE_CHECKING:
    from metricrig._core.events import Event, FetchProgressed, ImageProgressed

BEGINS, GOES_ON, FAILS, ENDS = "begins", "goes on", "fails", "ends"


class News(NamedTuple):
    """One line about something that is being fetched. Plain: workers send it to whoever has the terminal."""

    name: str
    kind: str
    line: str


def news_of(event: Event) -> News | None:
    """What an event tells of a fetch; None if it is about something else."""
    match event:
        case events.ImageProgressed(image=name):
            return News(name, GOES_ON, f"image {name}: {_layer(event)}")
        case events.ImageObtained(image=name):
            return News(name, ENDS, f"image {name}, fetched in {in_time(event.seconds)}")
    return _news_of_tool(event)


def _news_of_tool(event: Event) -> News | None:
    match event:
        case events.SourceTried(tool=name, what=what) if what:
            return News(name, BEGINS, f"{name}: {what}")
        case events.FetchProgressed(tool=name):
            return News(name, GOES_ON, f"{name}: {_progress(event)}")
        case events.SourceRefused(tool=name, source=source, why=why):
            return News(name, FAILS, f"{name}: not from {source}: {why.splitlines()[0] if why else ''}")
        case events.ToolObtained(tool=name, fetched=True):
            there = f"{name} {event.version}, from {event.source}".replace(" ,", ",")
            return News(name, ENDS, f"{there}, fetched in {in_time(event.seconds)}")
    return None


def _progress(event: FetchProgressed) -> str:
    parts = [event.what]
    if event.done is not None:
        parts.append(f"{in_bytes(event.done)} of {in_bytes(event.total)}" if event.total else in_bytes(event.done))
    if event.rate:
        parts.append(f"{in_bytes(event.rate)}/s")
    return ", ".join([*parts, in_time(event.seconds)])


def _layer(event: ImageProgressed) -> str:
    said = f"{event.status} {event.layer}".strip()
    amount = f", {in_bytes(event.done)} of {in_bytes(event.total)}" if event.done and event.total else ""
    return f"{said.splitlines()[0] if said else ''}{amount}"
