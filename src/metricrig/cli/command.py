"""The command line's entry point: the commands that there are, and what becomes of errors and Ctrl-C."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import click

from metricrig import __version__
from metricrig.cli.completion import completion
from metricrig.cli.doctor import doctor
from metricrig.cli.fault_commands import fault
from metricrig.cli.logs_command import logs
from metricrig.cli.metrics_commands import push, query, scrape
from metricrig.cli.options import debug_option, wants_traceback
from metricrig.cli.output import say
from metricrig.cli.rig_commands import clean, ps
from metricrig.cli.tools_commands import tools

FINE, NO, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


class Program(click.Group):
    """Turns what a command returns or raises into an exit code: False is "no"."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        from metricrig._core.errors import MetricrigError, UsageError

        try:
            answer = super().invoke(ctx)
        except MetricrigError as error:
            _show(error, ctx)
            ctx.exit(WRONG_USAGE if isinstance(error, UsageError) else NO)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        ctx.exit(NO if answer is False else FINE)


def _show(error: Exception, ctx: click.Context) -> None:
    if wants_traceback(ctx):
        say("".join(traceback.format_exception(error)).rstrip("\n"), err=True)
    else:
        say("\n  ".join([f"metricrig: {error}", *getattr(error, "__notes__", ())]), err=True)


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 fine; 1 the answer is no, or something failed; 2 wrong usage; 130 Ctrl-C.",
)
@click.version_option(__version__, prog_name="metricrig", message="%(prog)s %(version)s")
@debug_option
def program() -> None:
    """Integration tests against real servers: what can run here, where servers come from, which rigs there are."""


for each in (doctor, tools, ps, logs, fault, clean, push, query, scrape, completion):
    program.add_command(each)


def main() -> None:
    """Run the command ``metricrig``."""
    try:
        program(prog_name="metricrig")
    except KeyboardInterrupt:  # before or after the command proper
        sys.exit(INTERRUPTED)
