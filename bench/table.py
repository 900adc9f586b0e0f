"""The report as a table: for people at a terminal, and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bench.finding import Finding, Report

_HEADINGS = ("what", "who", "ratio", "90 % of resamples", "target", "", "median ms", "rounds")
_COLOURS = {"meets target": "green", "misses": "red"}


def show(report: Report) -> None:
    """Print one benchmark's rows."""
    table = Table(*_HEADINGS, box=None, header_style="bold", pad_edge=False)
    for finding in report.findings:
        table.add_row(*_cells(finding), style=_COLOURS.get(finding.verdict, ""))
    console = Console(width=None if Console().is_terminal else 140)
    console.print(table)
    for note in report.notes:
        console.print(f"  {note}", style="dim", markup=False, highlight=False)
    console.print()


def markdown(reports: Iterable[Report], machine: Mapping[str, str], how: str) -> str:
    """Everything as one Markdown page."""
    reports = list(reports)
    lines = ["# Benchmarks", "", how, ""]
    lines += [f"- {name}: {value}" for name, value in machine.items()]
    lines += ["", _line(heading or "verdict" for heading in _HEADINGS), _line("---" for _ in _HEADINGS)]
    lines += [_line(_cells(finding)) for report in reports for finding in report.findings]
    notes = [note for report in reports for note in report.notes]
    lines += ["", *(f"- {note}" for note in dict.fromkeys(notes))]
    return "\n".join(lines) + "\n"


def _cells(finding: Finding) -> list[str]:
    low_high = finding.spread
    return [
        finding.about,
        finding.who,
        "" if finding.ratio is None else f"{finding.ratio:.2f}",
        "" if low_high is None else f"{low_high[0]:.2f} to {low_high[1]:.2f}",
        "" if finding.target is None else str(finding.target),
        finding.verdict,
        f"{finding.ms:.1f}",
        str(finding.rounds),
    ]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
