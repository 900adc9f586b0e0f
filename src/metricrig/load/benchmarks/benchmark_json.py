"""Benchmarks in the format of pytest-benchmark, for its tools, and as baselines that are kept with the code."""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median, pstdev, quantiles
from typing import TYPE_CHECKING, Any

from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike

    from metricrig.load.benchmarks.benchmark import Benchmark

_VERSION = "5.1.0"
"""The version of pytest-benchmark whose format this is; its tools look at the data only."""

_YEAR_SECONDS = 366 * 86_400.0
"""What nothing takes."""


def save(benchmarks: Mapping[str, Benchmark], path: str | PathLike[str]) -> None:
    """Write some, by the names of their tests, in one go."""
    document = {
        "machine_info": _machine(),
        "commit_info": {},
        "benchmarks": [each for test, one in benchmarks.items() for each in _entries(test, one)],
        "datetime": datetime.now(UTC).isoformat(),
        "version": _VERSION,
    }
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def saved_rounds(path: str | PathLike[str]) -> tuple[dict[str, list[float]], dict[str, int]]:
    """The times and sizes of the rounds of one that was saved; of a file with several tests, those of the first."""
    place = Path(path)
    if not place.exists():
        raise UsageError(f"there is no baseline {place}\n  what to do: save one, with benchmark.save({str(place)!r})")
    try:
        entries = json.loads(place.read_text(encoding="utf-8"))["benchmarks"]
        group = entries[0]["group"]
        first = [each for each in entries if each["group"] == group]
        times = {each["param"]: [float(took) for took in each["stats"]["data"]] for each in first}
        if not all(len(each) > 1 and all(0 < took < _YEAR_SECONDS for took in each) for each in times.values()):
            raise ValueError("a time that is none, or a single round")  # noqa: TRY301 - told below, like the others
        return times, {each["param"]: int(each["stats"]["iterations"]) for each in first}
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, RecursionError) as error:
        raise UsageError(f"{place} is no file of benchmarks with their data: {error!r}") from error


def _entries(test: str, benchmark: Benchmark) -> Iterator[dict[str, Any]]:
    group = test or "benchmark"
    for name, times in benchmark.times.items():
        yield {
            "group": group,
            "name": f"{group.rpartition('::')[2]}[{name}]",
            "fullname": f"{group}[{name}]",
            "params": {"call": name},
            "param": name,
            "extra_info": {},
            "options": {"disable_gc": True, "timer": "perf_counter", "warmup": True},
            "stats": _statistics(times, benchmark.sizes[name]),
        }


def _statistics(times: Sequence[float], size: int) -> dict[str, Any]:
    low, middle, high = quantiles(times, n=4)
    spread, mean, deviation = high - low, fmean(times), pstdev(times)
    far = [each for each in times if not low - 1.5 * spread <= each <= high + 1.5 * spread]
    apart = [each for each in times if abs(each - mean) > deviation]
    near = [each for each in times if low - 1.5 * spread <= each <= high + 1.5 * spread] or [middle]
    return {
        "min": min(times),
        "max": max(times),
        "mean": mean,
        "stddev": deviation,
        "rounds": len(times),
        "median": median(times),
        "iqr": spread,
        "q1": low,
        "q3": high,
        "iqr_outliers": len(far),
        "stddev_outliers": len(apart),
        "outliers": f"{len(apart)};{len(far)}",
        "ld15iqr": min(near),
        "hd15iqr": max(near),
        "ops": 1 / mean if mean else 0.0,
        "total": sum(times),
        "data": list(times),
        "iterations": size,
    }


def _machine() -> dict[str, Any]:
    return {
        "node": "",  # a baseline lies in a repository: whose machine it was is nobody's business
        "processor": platform.processor(),
        "machine": platform.machine(),
        "python_implementation": platform.python_implementation(),
        "python_version": platform.python_version(),
        "system": platform.system(),
        "release": platform.release(),
        "cpu": {"brand_raw": platform.processor() or platform.machine()},
    }
