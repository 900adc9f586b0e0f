"""``metricrig completion``: the script with which a shell completes commands, options and names of rigs and tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from metricrig.cli.options import debug_option, examples

if TYPE_CHECKING:
    from metricrig.janitor.found_rigs import FoundRig

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_METRICRIG_COMPLETE"


@click.command(
    short_help="Print what a shell needs to complete what is typed.",
    epilog=examples(
        'eval "$(metricrig completion bash)"            in ~/.bashrc',
        'eval "$(metricrig completion zsh)"             in ~/.zshrc',
        "metricrig completion fish > ~/.config/fish/completions/metricrig.fish",
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
@debug_option
def completion(*, shell: str) -> None:
    """Print a script for SHELL that completes commands, options, and the names of rigs, services and tools."""
    from click.shell_completion import get_completion_class

    program = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click has no completion for {shell}")
    click.echo(kind(program, {}, "metricrig", _VARIABLE).source())


def rig_names(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Ids of this user's rigs, and the names in them."""
    names = {name for each in _rigs() for name in (each.rig, each.rig.rpartition("-")[0])}
    return sorted(name for name in names if name.startswith(incomplete))


def service_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Services of the rig that was named before."""
    rig = ctx.params.get("rig")
    rigs = [each for each in _rigs() if rig in {each.rig, each.rig.rpartition("-")[0]}]
    return sorted({service.name for each in rigs for service in each.services if service.name.startswith(incomplete)})


def victim_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Links and services of the rig that was named before."""
    return sorted(name for name in _victims(ctx) if name.startswith(incomplete))


def fault_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """What can be done to the link or service that was named before."""
    return [name for name in _victims(ctx).get(ctx.params["victim"], ()) if name.startswith(incomplete)]


def _victims(ctx: click.Context) -> dict[str, tuple[str, ...]]:
    from metricrig.cli.foreign_faults import ForeignFaults

    rig = ctx.params.get("rig")
    known: dict[str, tuple[str, ...]] = {}
    for each in _rigs():
        if rig in {each.rig, each.rig.rpartition("-")[0]}:
            faults = ForeignFaults(each)
            known |= faults.victims
            faults.close()
    return known


def tool_names(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The catalogue."""
    from metricrig.services.known_tools import tool_names as known

    return sorted(name for name in known() if name.startswith(incomplete))


def _rigs() -> list[FoundRig]:
    """Those with a directory: to ask an engine for others takes too long for the press of a key."""
    from metricrig._core.printable import printable
    from metricrig.janitor import found_rigs
    from metricrig.runtimes import data_root

    return [each for each in found_rigs.find(data_root.roots()) if each.rig == printable(each.rig)]
