"""``metricrig logs``: what the services of live rigs write, merged, and followed to the end of the rigs."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import time
from typing import TYPE_CHECKING

import click

from metricrig.cli.completion import rig_names, service_names
from metricrig.cli.options import debug_option, examples
from metricrig.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from metricrig.cli.log_lines import Line, OpenLog
    from metricrig.janitor.found_rigs import FoundRig

_POLL = 0.1
"""Seconds between two looks at the logs that are followed."""
_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_red")
_INTERRUPTED = 130


@click.command(
    short_help="Show what the services of live rigs write.",
    epilog=examples(
        "metricrig logs                        everything of all live rigs",
        "metricrig logs -f shop                follow the rig shop until it ends",
        "metricrig logs --since 5m --tail 100 shop redis postgresql",
        "metricrig logs -f --json shop | jq -r 'select(.service == \"redis\").line'",
    ),
)
@click.argument("rig", required=False, shell_complete=rig_names)
@click.argument("services", metavar="[SERVICE]...", nargs=-1, shell_complete=service_names)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written, until the rigs end.")
@click.option("--since", metavar="TIME", help="Only what is younger: 30s, 5m, 2h, or a time with a zone.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines of each service.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each line.")
@debug_option
@click.pass_context
def logs(
    ctx: click.Context,
    *,
    rig: str | None,
    services: tuple[str, ...],
    follow: bool,
    since: str | None,
    tail: int | None,
    as_json: bool,
) -> bool:
    """Show what the services of live rigs write (of all, or of RIG, or of its SERVICEs), in the order of its times.

    A line's time is that which it tells itself; one that tells none has that of the line before it, marked "~", or when
    followed, the time at which it came. Ctrl-C ends it quietly. Exits with 1 if there is no such rig or service.
    """
    from metricrig.cli.log_lines import merged

    rigs = live_rigs(rig)
    oldest = _moment(since)
    opened: dict[Path, OpenLog] = {}
    try:
        if not rigs or not _all_there(rigs, services):
            return False
        _open(rigs, services, opened)
        show: Callable[[Line], None] = _shown_as_json if as_json else _printer(rigs, list(opened.values()))
        _show(merged(each.past(tail) for each in opened.values()), oldest, show)
        if follow:
            _follow(rigs, services, opened, show)
        _show(merged(each.rest() for each in opened.values()), oldest, show)
    except KeyboardInterrupt:
        ctx.exit(_INTERRUPTED)
    finally:
        for each in opened.values():
            each.close()
    return True


def live_rigs(name: str | None) -> list[FoundRig]:
    """Rigs whose services write; says so if there are none."""
    from metricrig.cli.rig_cleanup import found
    from metricrig.janitor import found_rigs

    live = [each for each in found() if each.state in {found_rigs.LIVE, found_rigs.REUSABLE, found_rigs.CLEANING}]
    wanted = [each for each in live if name is None or name in {each.rig, each.rig.rpartition("-")[0]}]
    if not wanted:
        there = f"; there is: {', '.join(each.rig for each in live)}" if live else ""
        say(f"metricrig: no live rig{f' {name!r}' if name else ''}{there}", err=True)
    return wanted


def _moment(since: str | None) -> float:
    from metricrig.metrics.times import duration, seconds

    if since is None:
        return 0.0
    return seconds(since) if "T" in since or "-" in since else time.time() - duration(since)


def _all_there(rigs: Sequence[FoundRig], services: Sequence[str]) -> bool:
    there = {service for rig in rigs for service in _logs_in(rig.directory)}
    missing = [each for each in services if each not in there]
    if missing:
        known = ", ".join(sorted(there)) or "none yet"
        say(f"metricrig: no service {', '.join(map(repr, missing))} in {rigs[0].rig}; it has: {known}", err=True)
    return not missing


def _logs_in(directory: Path) -> dict[str, Path]:
    """The logs of a rig's services: a file beside the directory of each."""
    try:
        names = sorted(each.name for each in directory.iterdir())
    except OSError:
        return {}
    files = {name.removesuffix(".log"): directory / name for name in names if name.endswith(".log")}
    return {service: file for service, file in files.items() if service in names}


def _open(rigs: Iterable[FoundRig], services: Sequence[str], opened: dict[Path, OpenLog]) -> list[OpenLog]:
    """Open those that are not; says which. A service that is added later is one of them."""
    from metricrig.cli.log_lines import OpenLog

    fresh = []
    for rig in rigs:
        for service, path in _logs_in(rig.directory).items():
            if path in opened or (services and service not in services):
                continue
            with contextlib.suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
                facts = os.fstat(descriptor)
                if not stat.S_ISREG(facts.st_mode):
                    os.close(descriptor)
                    continue
                file = os.fdopen(descriptor, "rb")
                opened[path] = OpenLog(file, rig=rig.rig, service=service, made=rig.made, changed=facts.st_mtime)
                fresh.append(opened[path])
    return fresh


def _follow(
    rigs: Sequence[FoundRig], services: Sequence[str], opened: dict[Path, OpenLog], show: Callable[[Line], None]
) -> None:
    """Until all of them have ended: their directories are gone, or nobody owns them any more."""
    living = True
    while living:
        living = any(_lives(each) for each in rigs)  # asked first: what was written until then is read below
        _open(rigs, services, opened)
        lines = [line for each in opened.values() for line in each.new()]
        for line in sorted(lines, key=lambda each: each.at):
            show(line)
        if living:
            time.sleep(_POLL)


def _lives(rig: FoundRig) -> bool:
    from metricrig.janitor import found_rigs

    try:
        return found_rigs.read(rig.directory).state in {found_rigs.LIVE, found_rigs.REUSABLE, found_rigs.CLEANING}
    except OSError:
        return False


def _show(lines: Iterable[Line], oldest: float, show: Callable[[Line], None]) -> None:
    for line in lines:
        if line.at >= oldest:
            show(line)


def _shown_as_json(line: Line) -> None:
    from metricrig.cli.log_lines import shown_time

    told = {"time": shown_time(line, whole=True), "rig": line.rig, "service": line.service, "line": line.text}
    click.echo(json.dumps({**told, "own_time": line.own}))


def _printer(rigs: Sequence[FoundRig], opened: Sequence[OpenLog]) -> Callable[[Line], None]:
    """Prints lines for people. A service keeps its colour; the rig is said where there are several."""
    from metricrig._core.printable import printable
    from metricrig.cli.log_lines import shown_time

    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def name(of: Line | OpenLog) -> str:
        return printable(of.service if len(rigs) == 1 else f"{of.rig}/{of.service}")

    colours = {name(each): _COLOURS[number % len(_COLOURS)] for number, each in enumerate(opened)}

    def show(line: Line) -> None:
        colour = colours.setdefault(name(line), _COLOURS[len(colours) % len(_COLOURS)])
        head = f"{shown_time(line)} {name(line).ljust(max(map(len, colours)))} |"
        click.echo(f"{click.style(head, fg=colour) if coloured else head} {printable(line.text)}")

    return show
