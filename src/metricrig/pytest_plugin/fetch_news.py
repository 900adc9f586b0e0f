"""News of a fetch or of load, made of their events: what a person who waits for it wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from metricrig._core import events
from metricrig._core.amounts import in_bytes, in_time

if TYPE_CHECKING:
    from metricrig._core.events import Event, FetchProgressed, ImageProgressed, LoadProgressed

BEGINS, GOES_ON, FAILS, ENDS = "begins", "goes on", "fails", "ends"
PASSES, PASSED = "passes", "passed"
"""Of something that is of interest only while it goes on: a log has no use for it."""


class News(NamedTuple):
    """One line about something that takes its time. Plain: workers send it to whoever has the terminal."""

    name: str
    kind: str
    line: str


def news_of(event: Event) -> News | None:
    """What an event tells of a fetch or of load; None if it is about something else."""
    match event:
        case events.LoadProgressed(load=name):
            return News(name, PASSES, _load(event))
        case events.LoadEnded(load=name, summary=summary):
            return News(name, PASSED, f"{name}: {summary}")
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


def _load(event: LoadProgressed) -> str:
    return (
        f"{event.load}: {event.rate:.0f}/s, {event.calls} calls, {event.failed} failed, {event.under_way} under way,"
        f" p50 {in_time(event.p50)}, p99 {in_time(event.p99)}"
    )


def _layer(event: ImageProgressed) -> str:
    said = f"{event.status} {event.layer}".strip()
    amount = f", {in_bytes(event.done)} of {in_bytes(event.total)}" if event.done and event.total else ""
    return f"{said.splitlines()[0] if said else ''}{amount}"
