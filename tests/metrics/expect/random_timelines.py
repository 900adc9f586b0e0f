"""Random timelines, for hypothesis to draw."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from metricrig.metrics.timeline import Counter, Gauge, Histogram, Timeline

BASE = 1_704_103_200  # ten in the morning
SERIES = 6
EXAMPLES = int(os.environ.get("METRICRIG_TIMELINES", "0"))
"""How many, if it is to be a long run: 1,000 take an hour for four engines."""


@dataclass
class Case:
    """A timeline with several kinds of series, and when to ask about it."""

    grid: Timeline
    counter: Counter
    gauge: Gauge
    histogram: Histogram
    wild: Gauge
    window: float
    when: dict[str, float]
    at: float
    q: float


@st.composite
def cases(draw: st.DrawFn, isolated: Any) -> Case:
    every = draw(st.sampled_from([1, 2.5, 5, 7.3, 10, 15, 30, 60]))
    steps = draw(st.sampled_from([1, 2, 5, 12, 40]))
    length = every * steps
    grid = isolated(
        start=BASE + draw(st.integers(0, 3000)) + draw(st.sampled_from([0, 0.5])), every=every, length=length
    )
    moment = st.integers(0, round(length * 1000)).map(lambda each: each / 1000)
    return Case(
        grid,
        _counters(draw, grid, moment),
        _gauges(draw, grid, moment),
        _histograms(draw, grid, moment),
        _wild(draw, grid, moment),
        window=round(draw(st.sampled_from([0.7, 1, 1.5, 2, 5])) * every, 3),
        when=draw(st.one_of(st.just({}), _ranges(every, moment))),
        at=draw(st.one_of(st.sampled_from([0.0, length]), moment.map(lambda each: each * 2))),
        q=draw(st.sampled_from([0, 0.1, 0.5, 0.9, 1])),
    )


def _ranges(every: float, moment: st.SearchStrategy[float]) -> st.SearchStrategy[dict[str, float]]:
    starts = st.one_of(st.just(-every), moment)
    steps = st.sampled_from([every, every * 2, 7, 13.5])
    return st.builds(
        lambda start, more, step: {"start": start, "end": start + more, "step": step}, starts, moment, steps
    )


def _counters(draw: st.DrawFn, grid: Timeline, moment: st.SearchStrategy[float]) -> Counter:
    family = grid.counter("requests_total", kind="counter")
    amounts = st.sampled_from([1, 2, 7, 100, 0.1, 1e9, 1e12])
    for each in range(SERIES):
        series = family.labels(i=each, group=each % 3)
        for at, by in draw(st.lists(st.tuples(moment, amounts), max_size=10)):
            series.inc(at, by=by)
        for at in draw(st.lists(moment, max_size=2)):
            series.reset(at)
        series.rate(draw(st.sampled_from([0, 0, 0.1, 33.3])))
        _absences(draw, series, moment)
    return family


def _gauges(draw: st.DrawFn, grid: Timeline, moment: st.SearchStrategy[float]) -> Gauge:
    family = grid.gauge("temperature")
    values = st.sampled_from([-5, 3, 1e9, 0.123456789, float("inf"), float("nan")])
    for each in range(3):
        series = family.labels(i=each)
        for at, value in draw(st.lists(st.tuples(moment, values), max_size=4)):
            series.set(value, at=at)
        _absences(draw, series, moment)
    return family


def _wild(draw: st.DrawFn, grid: Timeline, moment: st.SearchStrategy[float]) -> Gauge:
    """What no counter is: floats at their limits, asked as if they were counters too."""
    family = grid.gauge("wild")
    values = st.sampled_from([1e17, 1, -1e17, 1.7e308, -1.7e308, 1e-300, 0.1, -0.3, 1 / 3, float("inf"), -float("inf")])
    for each in range(draw(st.integers(1, 4))):
        series = family.labels(i=each)
        for at, value in draw(st.lists(st.tuples(moment, values), min_size=1, max_size=5)):
            series.set(value, at=at)
    return family


def _histograms(draw: st.DrawFn, grid: Timeline, moment: st.SearchStrategy[float]) -> Histogram:
    family = grid.histogram("took_seconds", draw(st.sampled_from([[0.1, 1, 5], [-1, 0, 2]])))
    values = st.sampled_from([-2, -1, 0, 0.05, 0.1, 0.7, 1, 3, 5, 70])
    for each in range(3):
        series = family.labels(i=each, group=each % 2)
        told = draw(st.lists(st.tuples(values, moment), max_size=12))
        series.observe_many([value for value, _ in told], at=[at for _, at in told])
        _absences(draw, series, moment)
    return family


def _absences(draw: st.DrawFn, series: Counter | Gauge | Histogram, moment: st.SearchStrategy[float]) -> None:
    for start, longer in draw(st.lists(st.tuples(moment, moment), max_size=1)):
        series.gap(start, start + longer + 1)
    for start, longer in draw(st.lists(st.tuples(moment, moment), max_size=1)):
        series.stale(start, start + longer + 1)
