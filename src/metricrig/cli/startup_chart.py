"""A chart of how services started: a bar for each, all on one axis of time. Made of events, drawn with rich."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metricrig import events
from metricrig._core.amounts import in_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.table import Table

    from metricrig.events import Event, Stream

_PREPARED, _STARTED, _UNITS = "░", "█", " ▏▎▍▌▋▊▉"
_TICKS = 4
_FRAMES = 25


@dataclass(frozen=True, slots=True)
class Bar:
    """One service's start: when its command was executed, and when it was ready or had failed."""

    service: str
    executed: float | None = None
    ended: float | None = None
    took: float | None = None
    why: str = ""

    def told(self, event: Event) -> Bar:
        """The same after an event."""
        match event:
            case events.ServiceStarting(at=at) if self.executed is None:
                return replace(self, executed=at)
            case events.ServiceReady(at=at, seconds=seconds):
                return replace(self, ended=at, took=seconds)
            case events.ServiceFailed(at=at, why=why):
                return replace(self, ended=at, why=why)
        return self


class Bars:
    """The bars of several services; a listener for their rig's events."""

    def __init__(self, services: Sequence[str], width: int = 48) -> None:
        self.bars = {name: Bar(name) for name in services}
        self.width = width
        self.began = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Take an event in."""
        if isinstance(event, events.ServiceEvent) and event.service in self.bars:
            self.bars[event.service] = self.bars[event.service].told(event)

    def drawn(self, now: float | None = None) -> Table:
        """A table with the axis below it."""
        from rich.table import Table

        now = time.monotonic() if now is None else now
        ended = [bar.ended for bar in self.bars.values() if bar.ended is not None]
        whole = max(ended if len(ended) == len(self.bars) else [now, *ended]) - self.began
        table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
        table.add_column(min_width=max(map(len, self.bars), default=0))
        table.add_column(width=self.width + 1, no_wrap=True)
        table.add_column(no_wrap=True)
        for bar in self.bars.values():
            table.add_row(bar.service, _line(bar, self.began, now, whole, self.width), _verdict(bar))
        table.add_row("", f"[dim]{axis(whole, self.width)}[/]", "")
        return table


def span(begin: float, end: float, width: int) -> str:
    """A bar from one place to another, both between 0 and 1: an eighth of a character exact at its end."""
    first = int(begin * width)
    eighths = round(end * width * 8) - first * 8
    full, rest = divmod(max(eighths, 1), 8)
    return " " * first + _STARTED * full + (_UNITS[rest] if rest else "")


def axis(whole: float, width: int) -> str:
    """Where 0 is, and what the end means."""
    marks = ["0", *(in_time(whole * tick / _TICKS) for tick in range(1, _TICKS + 1))]
    step = width // _TICKS
    text = marks[0]
    for number, mark in enumerate(marks[1:], 1):
        text = text.ljust(number * step - len(mark) + 1) + mark
    return text


def _line(bar: Bar, began: float, now: float, whole: float, width: int) -> str:
    """One bar; the part before the command was executed is lighter."""
    end = bar.ended if bar.ended is not None else now
    executed = min(bar.executed if bar.executed is not None else end, end)
    begin = max(bar.ended - bar.took, began) if bar.ended is not None and bar.took is not None else executed
    scale = max(whole, 1e-6)
    solid = span((executed - began) / scale, (end - began) / scale, width)
    first = int((begin - began) / scale * width)
    gap = len(solid) - len(solid.lstrip(" "))
    colour = "red" if bar.why else "green" if bar.ended is not None else "cyan"
    return f"{' ' * first}[dim]{_PREPARED * (gap - first)}[/][{colour}]{solid.lstrip(' ')}[/]"


def _verdict(bar: Bar) -> str:
    if bar.why:
        return "[red]failed[/]"
    return f"[bold]{in_time(bar.took)}[/]" if bar.took is not None else "[dim]...[/]"


@contextlib.contextmanager
def watching_services(console: Console, stream: Stream, services: Sequence[str]) -> Iterator[Bars]:
    """Show the bars grow, for the length of a block; in a pipe only what they have become."""
    bars = Bars(services)
    with contextlib.ExitStack() as stack:
        stack.enter_context(stream.listening(bars))
        if console.is_terminal:
            from rich.live import Live

            live = Live(get_renderable=bars.drawn, console=console, refresh_per_second=_FRAMES, transient=True)
            stack.enter_context(live)
        yield bars
    console.print(bars.drawn())
