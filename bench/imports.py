"""What importing costs, in a fresh interpreter, beyond the interpreter itself."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import partial
from statistics import median

from bench.finding import MS, Finding, Report, Target
from bench.rounds import interleave

TARGET = Target(50, unit="ms")
ROUNDS = 40
NOTHING = "pass"
STATEMENTS = ("import metricrig", "from metricrig import Rig")

_LIST = "\nimport sys, json\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


def run(scale: float) -> Report:
    """Each statement, beside an interpreter that does nothing."""
    programs = (NOTHING, *STATEMENTS)
    timings = interleave({each: partial(_timed, each) for each in programs}, max(3, round(ROUNDS * scale)))
    nothing = median(timings[NOTHING])
    rows = [
        Finding(
            about="import",
            who=each,
            ms=(median(timings[each]) - nothing) * MS,
            target=TARGET if each == "import metricrig" else None,
            rounds=len(timings[each]),
        )
        for each in STATEMENTS
    ]
    foreign = [
        f"{each!r} loads of third parties: {', '.join(third_parties(each)) or 'nothing'}." for each in STATEMENTS
    ]
    return Report(rows, (f"An interpreter alone takes {nothing * MS:.1f} ms, which is subtracted.", *foreign))


def third_parties(statement: str) -> list[str]:
    """The top-level modules that it loads, other than our own, Python's, and what every interpreter here loads."""
    mine = {*sys.stdlib_module_names, "metricrig", "__main__", *_modules(NOTHING)}
    return [name for name in _modules(statement) if name not in mine]


def _modules(statement: str) -> list[str]:
    program = [sys.executable, "-c", statement + _LIST]
    names: list[str] = json.loads(subprocess.run(program, check=True, capture_output=True, cwd="/").stdout)
    return names


def _timed(statement: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, cwd="/")
    return time.perf_counter() - began
