"""A benchmark as a table in Markdown and as a picture, for a page that people read."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from metricrig._core.amounts import in_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metricrig.load.benchmarks.benchmark import Benchmark

_ROW, _BAR, _LEFT, _WIDTH, _RIGHT = 28, 16, 160, 400, 120
"""Pixels: of a row and its bar, of the names, of the longest bar, and of the figures beside it."""
_MICROSECOND, _MILLISECOND = 1e-6, 1e-3


def table_of(benchmark: Benchmark) -> str:
    """A row for each call."""
    head = f"| call | median | 95 % between | times {benchmark.reference} |\n|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in _rows(benchmark))


def _rows(benchmark: Benchmark) -> Iterator[tuple[str, ...]]:
    for name in benchmark.times:
        low, high = benchmark.interval(name)
        ratio = "1" if name == benchmark.reference else str(benchmark.ratio(name))
        yield name.replace("|", "\\|"), short(benchmark.median(name)), f"{short(low)} … {short(high)}", ratio


def svg_of(benchmark: Benchmark) -> str:
    """A bar for each call, as long as its median, and a line over its interval."""
    longest = max(benchmark.interval(name)[1] for name in benchmark.times)
    scale = _WIDTH / longest
    bars = "".join(_bar(benchmark, name, row, scale) for row, name in enumerate(benchmark.times))
    width, height = _LEFT + _WIDTH + _RIGHT, _ROW * len(benchmark.times)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' font-family="sans-serif" font-size="13">\n<rect width="100%" height="100%" fill="#fff"/>\n{bars}</svg>\n'
    )


def _bar(benchmark: Benchmark, name: str, row: int, scale: float) -> str:
    top, middle = row * _ROW + (_ROW - _BAR) / 2, row * _ROW + _ROW / 2
    low, high = (each * scale + _LEFT for each in benchmark.interval(name))
    length = benchmark.median(name) * scale
    return (
        f'<text x="{_LEFT - 8}" y="{middle + 5:.1f}" text-anchor="end">{escape(name)}</text>\n'
        f'<rect x="{_LEFT}" y="{top:.1f}" width="{length:.1f}" height="{_BAR}" fill="#4c78a8"/>\n'
        f'<path d="M{low:.1f} {middle:.1f}H{high:.1f}" stroke="#222" stroke-width="2"/>\n'
        f'<text x="{max(high, _LEFT + length) + 8:.1f}" y="{middle + 5:.1f}">{short(benchmark.median(name))}</text>\n'
    )


def short(seconds: float) -> str:
    """A time of any size, also of a function that takes nanoseconds."""
    if seconds < _MICROSECOND:
        return f"{seconds * 1e9:.3g} ns"
    return f"{seconds * 1e6:.3g} µs" if seconds < _MILLISECOND else in_time(seconds)
