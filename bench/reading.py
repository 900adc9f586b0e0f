"""Reading metrics pages, beside the parser of prometheus_client."""

from __future__ import annotations

import time
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

from bench.finding import Report, Target, compare
from bench.peers import installed
from bench.rounds import interleave
from metricrig.metrics.exposition import Page
from metricrig.metrics.exposition.series_keys import SeriesKeys

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.finding import Finding
    from bench.rounds import Attempt

ROUNDS = 7
LARGE, MIDDLE = 100_000, 10_000
OURS, THEIRS = "metricrig", "prometheus_client"


def run(scale: float) -> Report:
    """One name, a first read and a repeated scrape."""
    if not installed(THEIRS):
        return Report([], ("prometheus_client is not installed: nothing to compare with.",))
    rounds = max(3, round(ROUNDS * scale))
    large, middle = page_of(LARGE), page_of(MIDDLE)
    warm = SeriesKeys()
    name = f"app_requests_{LARGE // 200}_total"
    rows = [
        *_compared(f"one name of {LARGE:,} samples", lambda: _one(large, name), large, 1 / 300, rounds),
        *_compared(f"first read of {LARGE:,} samples", lambda: len(Page(large)), large, 1 / 5, rounds),
        *_compared(f"next scrape of {MIDDLE:,} samples", lambda: len(Page(middle, keys=warm)), middle, 1 / 15, rounds),
    ]
    return Report(rows, (f"{THEIRS} is {version(THEIRS)}; the large page has {len(large) / 1e6:.1f} MB.",))


def page_of(samples: int) -> bytes:
    """A page with a hundred series to a family."""
    lines = []
    for family in range(samples // 100):
        name = f"app_requests_{family}_total"
        lines += [f"# HELP {name} Requests.", f"# TYPE {name} counter"]
        lines += [
            f'{name}{{method="GET",handler="/api/v1/items/{i}",code="200",instance="web-{i % 7}"}} {i * 37 + family}'
            for i in range(100)
        ]
    return ("\n".join(lines) + "\n").encode()


def _one(page: bytes, name: str) -> int:
    found = Page(page).samples(name)
    assert len(found) == 100
    return len(found)


def _theirs(page: bytes) -> int:
    families = import_module("prometheus_client.parser").text_string_to_metric_families(page.decode())
    return sum(len(family.samples) for family in families)


def _compared(about: str, ours: Callable[[], int], page: bytes, limit: float, rounds: int) -> list[Finding]:
    contenders: dict[str, Attempt] = {THEIRS: partial(_timed, partial(_theirs, page)), OURS: partial(_timed, ours)}
    return compare(about, interleave(contenders, rounds), base=THEIRS, targets={OURS: Target(round(limit, 5))})


def _timed(action: Callable[[], int]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
