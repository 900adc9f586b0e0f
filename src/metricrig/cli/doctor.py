"""``metricrig doctor``: what can run here, and what to do about what cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from metricrig.cli.options import debug_option, examples, json_option
from metricrig.cli.output import literally

if TYPE_CHECKING:
    from rich.console import Console

    from metricrig.cli.tool_lookup import Finding
    from metricrig.runtimes.process.capabilities import Capability


@click.command(
    short_help="What can run here, and what to do about what cannot.",
    epilog=examples(
        "metricrig doctor         every tool, and what this machine offers",
        "metricrig doctor -v      with what each source says",
        "metricrig doctor --json | jq '.tools[] | select(.available | not)'",
    ),
)
@click.option("-v", "--verbose", is_flag=True, help="Show what every source says of every tool.")
@json_option
@debug_option
def doctor(*, verbose: bool, as_json: bool) -> bool:
    """What can run here: the tools of the catalogue, and this machine.

    Nothing is downloaded or installed. Exits with 0 if every tool is here or some source offers it, else with 1.
    """
    from metricrig.cli.source_checks import checks
    from metricrig.runtimes.process.capabilities import capabilities

    findings = _findings(every_source=verbose or as_json)
    machine = [*capabilities(), *checks()]
    fine = all(each.available for each in findings)
    if as_json:
        _print_json(findings, machine, fine=fine)
    else:
        _print_tables(findings, machine, verbose=verbose)
    return fine


def _findings(*, every_source: bool) -> list[Finding]:
    """In parallel, because looking into apt's lists takes a second for each tool."""
    from concurrent.futures import ThreadPoolExecutor

    from metricrig.cli.tool_lookup import look
    from metricrig.services.known_tools import all_tools

    with ThreadPoolExecutor(len(all_tools())) as pool:
        return list(pool.map(lambda tool: look(tool, every_source=every_source), all_tools()))


def _print_json(findings: list[Finding], machine: list[Capability], *, fine: bool) -> None:
    from metricrig import __version__
    from metricrig.cli.output import print_json

    print_json(
        {
            "metricrig": __version__,
            "ok": fine,
            "tools": [_tool_json(each) for each in findings],
            "machine": [
                {"name": each.name, "present": each.present, "says": each.says, "remedy": each.remedy or None}
                for each in machine
            ],
        }
    )


def _tool_json(finding: Finding) -> dict[str, Any]:
    found, fetched = finding.executable, finding.fetched_by
    return {
        "name": finding.tool.name,
        "available": finding.available,
        "here": found is not None,
        "version": (found.version or None) if found else None,
        "source": found.source if found else fetched.source if fetched else None,
        "path": str(found.path) if found else None,
        "why": finding.why or None,
        "trouble": finding.trouble or None,
        "sources": [{"source": each.source, "able": each.able, "says": each.says} for each in finding.prospects],
    }


def _print_tables(findings: list[Finding], machine: list[Capability], *, verbose: bool) -> None:
    from metricrig.cli.output import console, yes_or_no
    from metricrig.cli.rows import Rows

    screen = console()
    tools = Rows("", "tool", "version", "source", "what", title="tool")
    for each in findings:
        tools.add(yes_or_no(each.available), *_tool_row(each))
    tools.show(screen)
    for each in findings:
        if verbose or not each.available:
            _print_sources(screen, each)
    offers = Rows("", "this machine", "says", title="this machine")
    for check in machine:
        remedy = f"\n[dim]what to do:[/] {literally(check.remedy)}" if check.remedy else ""
        offers.add(yes_or_no(check.present), check.name, literally(check.says) + remedy)
    screen.print()
    offers.show(screen)


def _tool_row(finding: Finding) -> tuple[str, str, str, str]:
    found, fetched = finding.executable, finding.fetched_by
    name = finding.tool.name
    if finding.trouble:
        return name, "-", "-", literally(finding.trouble)
    if found is not None:
        where = f"{literally(str(found.path))}\n[dim]{literally(finding.why)}[/]"
        return name, literally(found.version) or "unknown", finding.origin, where
    if fetched is not None:
        return name, "not here", fetched.source, literally(fetched.says)
    return name, "-", "-", "no source can deliver it; their reasons are below"


def _print_sources(screen: Console, finding: Finding) -> None:
    from metricrig.cli.output import yes_or_no
    from metricrig.cli.rows import Rows

    sources = Rows("", finding.tool.name, "says", title=finding.tool.name)
    for each in finding.prospects:
        sources.add(yes_or_no(each.able), each.source, literally(each.says))
    screen.print()
    sources.show(screen)
