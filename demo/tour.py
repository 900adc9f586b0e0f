"""What metricrig does, shown with real servers in some seconds: ``python demo/tour.py``.

Exits with 0 if everything was as promised.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from faults import break_things
from remains import traces_of
from servers import obtain_all
from stage import Stage
from using import use_all

from metricrig import MetricrigError, Rig
from metricrig._core.amounts import in_time
from metricrig.cli.output import table
from metricrig.cli.startup_chart import watching_services
from metricrig.services import Etcd, Memcached, PostgreSQL, Prometheus, Redis, VictoriaMetrics

if TYPE_CHECKING:
    from remains import Traces

    from metricrig import Instance


def main() -> int:
    """Show all of it."""
    stage, began = Stage(), time.monotonic()
    stage.screen.print("[bold]metricrig[/]: integration tests against real servers. No containers, no root, no daemon.")
    had = obtain_all(stage)
    rig = Rig("tour")
    try:
        _assemble(rig, had)
        if _start(stage, rig):
            use_all(stage, rig)
            break_things(stage, rig)
        traces = traces_of(rig)
        closing = time.monotonic()
    finally:
        rig.close()
    _prove_that_nothing_is_left(stage, traces, time.monotonic() - closing)
    return _sum_up(stage, len(had), time.monotonic() - began)


def _assemble(rig: Rig, had: set[str]) -> None:
    """Add what can be had. Addresses are known from here on; nothing runs yet."""
    for tool, service in {"redis": Redis, "memcached": Memcached, "postgresql": PostgreSQL, "etcd": Etcd}.items():
        if tool in had:
            rig.add(service())
    scraped: list[Instance] = []
    if "victoria-metrics" in had:
        scraped.append(rig.add(VictoriaMetrics()))
    if "prometheus" in had:
        rig.add(Prometheus(scrape=scraped, every="250ms", needs=scraped))


def _start(stage: Stage, rig: Rig) -> bool:
    names = [each.name for each in rig]
    stage.act("2  One rig: started together, each as soon as what it needs is ready")
    with stage.step("rig.start()", spinning=False) as step:
        began = time.monotonic()
        with watching_services(stage.screen, rig.events, names):
            rig.start()
        whole = time.monotonic() - began
        alone = sum(each.ready_after or 0 for each in rig)
        step.said = f"{len(rig)} servers ready in {in_time(whole)}; their own times sum up to {in_time(alone)}"
    return step.fine


def _prove_that_nothing_is_left(stage: Stage, traces: Traces, seconds: float) -> None:
    stage.act("5  The end: rig.close(), and nothing is left")
    rows = table("", "what there was", "before", "after")
    with stage.step("rig.close()") as step:
        remains = traces.left()
        for what, (before, after) in remains.items():
            rows.add_row("  [red]NO[/]" if after else "  [green]ok[/]", what, str(before), ", ".join(after) or "0")
        step.said = f"took {in_time(seconds)}; then looked for everything that the rig had:"
        if any(after for _, after in remains.values()):
            raise MetricrigError(f"left behind: {remains}")
    stage.screen.print(rows)


def _sum_up(stage: Stage, tools: int, seconds: float) -> int:
    stage.screen.print()
    failed = stage.failed
    for each in failed:
        stage.screen.print(f"[bold red]not as promised:[/] {each.what}", soft_wrap=True)
    if not failed:
        stage.screen.print(
            f"[bold green]All as promised:[/] {tools} servers, {len(stage.steps)} steps, {in_time(seconds)}."
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
