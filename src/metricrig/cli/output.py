"""The output of commands: JSON for programs, tables for people, colours only on a terminal that wants them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from metricrig._core.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_PIPED_WIDTH = 1000
"""Columns of a table in a pipe: it is not cut, because there is no terminal."""


def print_json(content: dict[str, Any]) -> None:
    """The one thing that a command with ``--json`` prints."""
    click.echo(json.dumps(content, indent=2, default=str))


def say(text: str, *, err: bool = False) -> None:
    """Print a text, parts of which may come from others (names, errors, answers of servers), with those made safe."""
    click.echo(printable(text), err=err)


def literally(text: str) -> str:
    """The same as a cell of a table: it commands neither the terminal nor rich."""
    from rich.markup import escape

    return escape(printable(text))


def console(*, stderr: bool = False) -> Console:
    """The console on standard output. rich itself leaves colours out for pipes, and for NO_COLOR."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPED_WIDTH
    return Console(file=stream, highlight=False, width=width, emoji=False)


def table(*columns: str, title: str | None = None) -> Table:
    """A table without lines: columns that can be read, and cut with awk. Only the last one may take several lines."""
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in columns:
        made.add_column(column, header_style="dim", overflow="fold", no_wrap=column != columns[-1])
    return made


def yes_or_no(value: bool) -> str:
    """A word with rich's markup."""
    return "[green]ok[/]" if value else "[yellow]no[/]"
