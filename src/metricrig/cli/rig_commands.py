"""``metricrig ps`` and ``metricrig clean``: the rigs of this user, whoever started them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from metricrig.cli.completion import rig_names
from metricrig.cli.options import debug_option, examples, json_option
from metricrig.cli.output import say

if TYPE_CHECKING:
    from metricrig.cli.rig_cleanup import Fate
    from metricrig.janitor.found_rigs import FoundRig

_WHERE = "Rigs are looked for in /dev/shm and the directory for temporary files, and below METRICRIG_DATA if it is set."
_STYLES = {
    "live": "green",
    "cleaning": "cyan",
    "orphaned": "red",
    "lost": "red",
    "kept": "yellow",
    "elsewhere": "dim",
    "reusable": "green",
    "foreign": "red",
    "damaged": "red",
}


@click.command(
    short_help="Show the rigs of this user.",
    epilog=examples("metricrig ps", "metricrig ps shop", "metricrig ps --json | jq '.rigs[] | .services[].pid'"),
)
@click.argument("rigs", nargs=-1, shell_complete=rig_names)
@json_option
@debug_option
def ps(*, rigs: tuple[str, ...], as_json: bool) -> bool:
    """Show the rigs of this user (all, or those with these names or ids).

    The state is "live" (its process runs), "cleaning" (its process is dead, its janitor is at work), "orphaned"
    (nobody's), "lost" (from before a reboot), "kept" (only its files, because somebody wanted them), "reusable" (it
    runs, and waits for the next test run), "elsewhere" (of a container that shares the directory), "damaged" (its
    record cannot be believed) or "foreign" (a directory that is not provably yours: it is not looked into). Exits
    with 1 if a name was given and nothing has it.
    """
    from metricrig.cli.rig_cleanup import found

    rows = found(rigs)
    if as_json:
        from metricrig.cli.output import print_json

        print_json({"rigs": [_as_json(each) for each in rows]})
    else:
        _print_rigs(rows)
    return bool(rows) or not rigs


@click.command(
    short_help="End and remove the rigs that nobody owns any more.",
    epilog=examples(
        "metricrig clean              everything that is nobody's any more",
        "metricrig clean --dry-run    only say what would be done",
        "metricrig clean --kept       and the directories that were kept",
        "metricrig clean --reused     and the servers that wait for the next test run",
        "metricrig clean shop-1f03a9c2",
        "metricrig clean --forget-containers shop-1f03a9c2    its container engine is gone for good",
    ),
)
@click.argument("rigs", nargs=-1, shell_complete=rig_names)
@click.option("--kept", is_flag=True, help="Remove kept directories too.")
@click.option("--reused", is_flag=True, help="End the servers that wait for the next test run too.")
@click.option(
    "--forget-containers",
    is_flag=True,
    help="Remove the rest of a rig also if its containers cannot be removed, because their engine is gone.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; do nothing.")
@json_option
@debug_option
def clean(
    *, rigs: tuple[str, ...], kept: bool, reused: bool, forget_containers: bool, dry_run: bool, as_json: bool
) -> bool:
    """End and remove the rigs that nobody owns any more (all, or those with these names or ids).

    A rig that is live, being cleaned or elsewhere is never touched, by whatever name, and neither is a directory
    that is not provably yours. Exits with 0 when nothing
    is left to remove, with 1 when something could not be removed or a named rig was refused.
    """
    from metricrig.cli.rig_cleanup import clean_up, found

    fates = [
        clean_up(
            each,
            kept=kept,
            reused=reused,
            dry_run=dry_run,
            named=bool(rigs),
            forget_containers=forget_containers,
        )
        for each in found(rigs)
    ]
    if as_json:
        from metricrig.cli.output import print_json

        print_json({"ok": all(each.fine for each in fates), "dry_run": dry_run, "rigs": [f.as_json() for f in fates]})
    else:
        _print_fates(fates)
    return all(each.fine for each in fates)


def _as_json(rig: FoundRig) -> dict[str, Any]:
    from metricrig.cli.rig_cleanup import age, size

    return {
        "rig": rig.rig,
        "state": rig.state,
        "owner": rig.owner.pid if rig.owner else None,
        "age_seconds": round(age(rig), 3),
        "directory": str(rig.directory),
        "bytes": size(rig),
        "trouble": rig.trouble or None,
        "services": [
            {
                "name": each.name,
                "pid": each.process.pid if each.process else None,
                "alive": each.alive,
                "ports": each.ports,
            }
            for each in rig.services
        ],
    }


def _print_rigs(rigs: list[FoundRig]) -> None:
    from metricrig._core.amounts import in_bytes, in_time
    from metricrig.cli.output import console, literally
    from metricrig.cli.rig_cleanup import age, size
    from metricrig.cli.rows import Rows

    if not rigs:
        click.echo(f"no rigs. {_WHERE}")
        return
    rows = Rows("rig", "state", "owner", "age", "size", "services", "directory", title="rig")
    for each in rigs:
        rows.add(
            literally(each.rig),
            f"[{_STYLES[each.state]}]{each.state}[/]",
            str(each.owner.pid) if each.owner else "-",
            in_time(age(each)),
            in_bytes(size(each)),
            _services(each) or "-",
            literally(str(each.directory)),
        )
    rows.show(console())
    for each in rigs:
        if each.trouble:
            say(f"{each.state}: {each.trouble}")


def _services(rig: FoundRig) -> str:
    """A line for each: its name, pid and ports, and whether it lives."""
    from metricrig.cli.output import literally

    lines = []
    for each in sorted(rig.services, key=lambda service: service.name):
        pid = f"pid {each.process.pid}" if each.process else "no pid"
        ports = "".join(f" :{number}" for number in each.ports.values())
        lines.append(f"{literally(each.name)} {pid}{ports}{'' if each.alive else ' [red]dead[/]'}")
    return "\n".join(lines)


def _print_fates(fates: list[Fate]) -> None:
    told = [each for each in fates if each.told]
    for each in told:
        say(f"{each.rig.rig}: {each.said}")
    if not told:
        click.echo(f"nothing to clean. {_WHERE}")
