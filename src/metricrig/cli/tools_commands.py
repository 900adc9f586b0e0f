"""``metricrig tools``: the catalogue, what of it is here, and fetching the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from metricrig.cli.completion import tool_names
from metricrig.cli.options import debug_option, examples, json_option
from metricrig.cli.output import literally, say

if TYPE_CHECKING:
    from metricrig.cli.tool_installation import Installed
    from metricrig.tools import Executable, Tool


@click.group(
    short_help="The executables that services need: list, install, where.",
    epilog=examples("metricrig tools list", "metricrig tools install --all", "metricrig tools where redis"),
)
def tools() -> None:
    """The executables that services need: list, install, where."""


@tools.command("list", epilog=examples("metricrig tools list", "metricrig tools list --json | jq '.tools[].name'"))
@json_option
@debug_option
def list_(*, as_json: bool) -> None:
    """Show the catalogue and what of it is here: in the cache, on PATH, or where you say."""
    from metricrig.cli.tool_inventory import inventory
    from metricrig.services.known_tools import all_tools

    rows = [(tool, inventory(tool)) for tool in all_tools()]
    if as_json:
        from metricrig.cli.output import print_json

        print_json({"tools": [_listed_json(tool, *found) for tool, found in rows]})
        return
    from metricrig.cli.output import console
    from metricrig.cli.rows import Rows

    lines = Rows("", "tool", "version", "source", "size", "where", title="tool")
    for tool, (used, entries) in rows:
        for entry in entries:
            lines.add("*" if used and entry.path == used.path else "", tool.name, *map(literally, entry.cells()))
        if not entries:
            lines.add("", tool.name, "-", "-", "-", f"not here; metricrig tools install {tool.name}")
    screen = console()
    lines.show(screen)
    screen.print("", "* is what a rig would use", sep="\n")


@tools.command(
    epilog=examples(
        "metricrig tools install redis postgresql",
        "metricrig tools install victoria-metrics@1.128.0 'redis@>=7'",
        "metricrig tools install --all",
    ),
)
@click.argument("names", metavar="NAME[@VERSION]...", nargs=-1, shell_complete=tool_names)
@click.option("--all", "everything", is_flag=True, help="The whole catalogue.")
@json_option
@debug_option
def install(*, names: tuple[str, ...], everything: bool, as_json: bool) -> bool:
    """Fetch tools into the cache; without names, those of the lock. What is here already is left as it is.

    Progress goes to standard error, results to standard output. Exits with 1 if one could not be had, after trying
    all of them.
    """
    from metricrig.cli.lock_command import locked_tools
    from metricrig.cli.tool_installation import install_all
    from metricrig.cli.tool_lookup import named
    from metricrig.services.known_tools import all_tools

    locked = [] if names or everything else locked_tools()
    if bool(names) == everything and not locked:
        raise click.UsageError("name the tools, or say --all: metricrig tools install redis")
    wanted: list[tuple[Tool, str | None]] = (
        [(tool, None) for tool in all_tools()] if everything else locked or named(names)
    )
    results = install_all(wanted)
    fine = all(each.executable for each in results)
    if as_json:
        from metricrig.cli.output import print_json

        print_json({"ok": fine, "tools": [_installed_json(each) for each in results]})
    else:
        for each in results:
            say(each.said, err=each.executable is None)
    return fine


@tools.command(
    epilog=examples(
        "metricrig tools lock redis postgresql@16",
        "metricrig tools lock --update        all that the lock has, as it is to be had now",
        "metricrig tools lock --check         in CI",
    ),
)
@click.argument("names", metavar="NAME[@VERSION]...", nargs=-1)
@click.option("--update", is_flag=True, help="Lock anew what is locked already.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if something is missing for this platform.")
@debug_option
def lock(*, names: tuple[str, ...], update: bool, check: bool) -> bool:
    """Write metricrig.lock: version, source and digest of the tools that this project's tests run on.

    Commit it: rigs, pytest and this command obey it, here and on every other machine. Without names, all that it has.
    """
    from metricrig.cli.lock_command import lock as write_lock
    from metricrig.cli.lock_command import missing
    from metricrig.cli.tool_lookup import named

    wanted = named(names)
    if check:
        lacking = missing(wanted)
        for line in lacking:
            click.echo(line, err=True)
        return not lacking
    place, changes = write_lock(wanted, update=update)
    for each in changes:
        click.echo(each.said, err=each.new is None)
    click.echo(place)
    return all(each.new for each in changes)


@tools.command(epilog=examples("metricrig tools where redis", '"$(metricrig tools where redis)" --version'))
@click.argument("name", metavar="NAME[@VERSION]", shell_complete=tool_names)
@click.option("--install", "fetch", is_flag=True, help="Fetch it if it is not here.")
@json_option
@debug_option
def where(*, name: str, fetch: bool, as_json: bool) -> bool:
    """Print the path of the executable that a rig would use, and nothing else.

    Exits with 1, and every source's reason on standard error, if it is not here. Downloads only with --install.
    """
    from metricrig.cli.tool_installation import install_all
    from metricrig.cli.tool_lookup import look, named

    ((tool, version),) = named((name,))
    finding = look(tool, version)
    executable, said = finding.executable, finding.said
    if executable is None and fetch and not finding.trouble:
        (result,) = install_all([(tool, version)])
        executable, said = result.executable, result.said
    if as_json:
        from metricrig.cli.output import print_json

        print_json(_executable_json(tool, executable))
    elif executable is not None:
        say(str(executable.path))
    if executable is None:
        say(said, err=True)
    return executable is not None


def _listed_json(tool: Tool, used: Executable | None, entries: list[Any]) -> dict[str, Any]:
    return {
        "name": tool.name,
        "supported": tool.supported,
        "preferred": tool.preferred,
        "used": str(used.path) if used else None,
        "here": [each.as_json() for each in entries],
    }


def _executable_json(tool: Tool, found: Executable | None) -> dict[str, Any]:
    return {
        "name": tool.name,
        "path": str(found.path) if found else None,
        "version": (found.version or None) if found else None,
        "source": found.source if found else None,
    }


def _installed_json(installed: Installed) -> dict[str, Any]:
    refusals = [{"source": each.source, "says": each.why} for each in installed.refusals]
    return {
        **_executable_json(installed.tool, installed.executable),
        "seconds": round(installed.seconds, 3),
        "error": None if installed.executable else installed.said,
        "refusals": refusals,
    }
