"""The options that all commands have, and the examples in their help."""

from __future__ import annotations

import click

_DEBUG = "metricrig.debug"


def _note_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_DEBUG] = True


def wants_traceback(ctx: click.Context) -> bool:
    """Whether ``--debug`` was given, before the command's name or after it."""
    return bool(ctx.meta.get(_DEBUG))


debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=_note_debug,
    help="Show the whole traceback of an error.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else on standard output.")


def examples(*lines: str) -> str:
    """The end of a help text, with the mark that keeps click from filling the lines."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
