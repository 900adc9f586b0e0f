"""Act 1: where the servers come from."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricrig import MetricrigError
from metricrig._core.amounts import in_time
from metricrig.cli.output import table
from metricrig.cli.tool_installation import watching_tools
from metricrig.cli.tool_lookup import here
from metricrig.services.known_tools import all_tools
from metricrig.tools import obtain

if TYPE_CHECKING:
    from stage import Stage

    from metricrig.tools import Executable, Tool


@dataclass(frozen=True, slots=True)
class Had:
    """A tool, or why it is not to be had."""

    tool: Tool
    executable: Executable | None
    fetched: bool
    seconds: float
    why: str = ""


def obtain_all(stage: Stage) -> set[str]:
    """Obtain the whole catalogue; says what could be had."""
    stage.act("1  The servers: from this machine, or fetched once into a cache")
    absent = [tool.name for tool in all_tools() if not _is_here(tool)]
    with watching_tools(stage.screen, absent):
        had = [_obtain(tool, fetched=tool.name in absent) for tool in all_tools()]
    rows = table("", "tool", "version", "source", "took")
    for each in had:
        rows.add_row("  [green]ok[/]" if each.executable else "  [yellow]no[/]", *_row(each))
    stage.screen.print(rows)
    for each in had:
        if each.why:
            stage.note(each.why)
    return {each.tool.name for each in had if each.executable}


def _is_here(tool: Tool) -> bool:
    try:
        return here(tool) is not None
    except MetricrigError:  # a stated path that is wrong; obtaining says so
        return False


def _obtain(tool: Tool, *, fetched: bool) -> Had:
    """Not having one is not the tour's failure: it goes on without."""
    began = time.monotonic()
    try:
        executable = obtain(tool)
    except MetricrigError as error:
        return Had(tool, None, fetched, time.monotonic() - began, str(error))
    return Had(tool, executable, fetched, time.monotonic() - began)


def _row(had: Had) -> tuple[str, str, str, str]:
    found = had.executable
    if found is None:
        return had.tool.name, "-", "the tour goes on without it", in_time(had.seconds)
    source = found.source if found.source in {"path", "explicit"} else f"{found.source}, {_when(had)}"
    return had.tool.name, found.version, source, in_time(had.seconds)


def _when(had: Had) -> str:
    return "fetched now" if had.fetched else "from the cache"
