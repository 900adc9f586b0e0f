"""The installation of several tools, one after the other, with progress bars."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig import events
from metricrig._core.errors import ToolUnavailable
from metricrig._core.printable import printable
from metricrig.cli.event_lines import line_of
from metricrig.cli.output import console
from metricrig.tools import obtain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from metricrig._core.errors import Refusal
    from metricrig.events import Event
    from metricrig.tools import Executable, Tool


@dataclass(frozen=True, slots=True)
class Installed:
    """The outcome for one tool."""

    tool: Tool
    executable: Executable | None
    seconds: float
    error: ToolUnavailable | None = None

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Each source's reason, where none could deliver."""
        return self.error.refusals if self.error else ()

    @property
    def said(self) -> str:
        """In a line, or with the reasons."""
        if self.executable is None:
            return f"metricrig: {self.error}"
        found = self.executable
        return f"{found.tool} {found.version or 'of unknown version'}  {found.source}  {found.path}"


def install_all(wanted: Sequence[tuple[Tool, str | None]]) -> list[Installed]:
    """Obtain each; one that cannot be had does not keep the others from being tried."""
    with watching_tools(console(stderr=True), [tool.name for tool, _ in wanted]):
        return [_install(tool, version) for tool, version in wanted]


def _install(tool: Tool, version: str | None) -> Installed:
    began = time.monotonic()
    try:
        executable = obtain(tool, version)
    except ToolUnavailable as error:
        return Installed(tool, None, time.monotonic() - began, error)
    return Installed(tool, executable, time.monotonic() - began)


@contextlib.contextmanager
def watching_tools(console: Console, names: Sequence[str]) -> Iterator[None]:
    """Show what happens to these tools, for the length of a block."""
    if not console.is_terminal:
        with events.everything.listening(lambda event: _print_line(console, names, event)):
            yield
        return
    with _bars(console) as progress:
        tasks = {name: progress.add_task(name, total=None, start=False, says="") for name in names}
        with events.everything.listening(lambda event: _advance(progress, tasks, event)):
            yield


def _print_line(console: Console, names: Sequence[str], event: Event) -> None:
    ours = isinstance(event, events.ToolEvent) and event.tool in names
    line = line_of(event) if ours else None
    if line is not None:
        console.print(printable(line), markup=False, soft_wrap=True)


def _bars(console: Console) -> Progress:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description:<16}"),
        BarColumn(bar_width=24),
        DownloadColumn(binary_units=True),
        TimeElapsedColumn(),
        TextColumn("{task.fields[says]}", markup=False),
        console=console,
        transient=True,
    )


def _advance(progress: Progress, tasks: dict[str, TaskID], event: Event) -> None:
    """Move one bar by one event. A bar whose end nobody knows pulses."""
    task = tasks.get(event.tool) if isinstance(event, events.ToolEvent) else None
    if task is None:
        return
    match event:
        case events.SourceTried(what=what):
            progress.start_task(task)
            progress.update(task, says=what)
        case events.FetchProgressed(what=what, done=done, total=total):
            progress.update(task, completed=done or 0, total=total, says=what)
        case events.SourceRefused(source=source):
            progress.update(task, says=f"not from {source}")
        case events.ToolObtained(source=source, version=version):
            progress.update(task, completed=1, total=1, says=f"{version} from {source}")
