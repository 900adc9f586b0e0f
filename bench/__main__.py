"""``python -m bench [--quick] [--only NAME] [--markdown FILE]``. Nothing here fails on a slow machine."""

from __future__ import annotations

import argparse
import compileall
from importlib.util import find_spec
from pathlib import Path

from bench import (
    commands,
    docker,
    imports,
    ingest,
    isolated,
    parallel,
    plugin,
    postgresql,
    reading,
    relay,
    start,
    stop,
    together,
    waiting,
)
from bench.machine import load, machine
from bench.table import markdown, show

BENCHMARKS = {
    "start": start.run,
    "postgresql": postgresql.run,
    "isolated": isolated.run,
    "together": together.run,
    "stop": stop.run,
    "imports": imports.run,
    "commands": commands.run,
    "docker": docker.run,
    "ingest": ingest.run,
    "reading": reading.run,
    "waiting": waiting.run,
    "plugin": plugin.run,
    "parallel": parallel.run,
    "relay": relay.run,
}
HOW = (
    "Contenders take turns in every round, in changing order; ratios are of medians, and matter more than milliseconds,"
    " which are this machine's. `python -m bench` measures again."
)
QUICK = 0.2


def main() -> None:
    """Measure, and print each benchmark when it is done."""
    options = _options()
    for package in ("metricrig", "_pytest", "pytest", "pluggy"):
        _compile(package)
    facts = machine()
    for name, value in facts.items():
        print(f"{name:12} {value}")
    print(f"\n{HOW}\n")
    reports = []
    for name in options.only or BENCHMARKS:
        reports.append(BENCHMARKS[name](QUICK if options.quick else 1.0))
        show(reports[-1])
        facts["load after"] = load()
        if options.markdown:  # after each: what was measured is kept if a later one fails
            options.markdown.write_text(markdown(reports, facts, HOW), encoding="utf-8")
    print(f"load after   {facts['load after']}")


def _compile(package: str) -> None:
    """Where nobody may write bytecode later, a module that has changed is compiled by every run that imports it."""
    found = find_spec(package)
    if found is not None and found.origin is not None:
        compileall.compile_dir(Path(found.origin).parent, quiet=1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What metricrig costs, as ratios.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the rounds: a look, not a measurement")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the report there too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
